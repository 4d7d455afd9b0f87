#include "http/base64.h"

/* -1 for what is not of the alphabet. */
static int
sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* binascii.a2b_base64(): a group of at least two is complete with the padding right behind it. */
bool
base64_decode(struct arena *arena, struct bytes text, struct bytes *out)
{
	char *data = arena_alloc(arena, text.length / 4 * 3 + 3);
	size_t length = 0;
	unsigned int group = 0, count = 0, padding = 0;

	for (size_t i = 0; i < text.length && (count < 2 || count + padding < 4); i++) {
		int value = sextet(text.data[i]);

		if (text.data[i] == '=')
			padding += count >= 2;
		if (value < 0)
			continue;
		padding = 0;
		group = group << 6 | (unsigned int)value;
		count = (count + 1) % 4;
		if (count != 1)
			data[length++] = (char)(group >> (count == 2 ? 4 : count == 3 ? 2 : 0));
	}
	*out = (struct bytes){data, length};
	return count == 0 || (count >= 2 && count + padding >= 4);
}

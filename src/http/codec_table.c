#include "http/codec.h"

#include <string.h>

#define LONGEST_NAME 40

/*
 * Left out are Python's codecs that iconv lacks or reads otherwise in more than a few characters
 * (EBCDIC, utf-7, johab and rare vendor sets) and those that are no character sets (idna, punycode,
 * unicode_escape). Shift_JIS is read as Windows does, because iconv's has no backslash.
 */
static const struct codec codecs[] = {
    {"utf_8", "utf-8", NULL, codec_utf8, "u8 utf utf8 utf8_ucs2 utf8_ucs4 cp65001"},
    {"utf_8_sig", "utf-8", NULL, codec_utf8_sig, ""},
    {"ascii", "ascii", NULL, codec_ascii,
	"646 ansi_x3.4_1968 ansi_x3_4_1968 ansi_x3.4_1986 cp367 csascii ibm367 iso646_us "
	"iso_646.irv_1991 iso_ir_6 us us_ascii"},
    {"latin_1", "latin-1", NULL, codec_latin1,
	"8859 cp819 csisolatin1 ibm819 iso8859 iso8859_1 iso_8859_1 iso_8859_1_1987 iso_ir_100 l1 "
	"latin latin1"},
    {"charmap", "charmap", NULL, codec_latin1, ""},
    {"utf_16", "utf-16", NULL, codec_utf16, "u16 utf16"},
    {"utf_16_le", "utf-16-le", NULL, codec_utf16_le, "unicodelittleunmarked utf_16le"},
    {"utf_16_be", "utf-16-be", NULL, codec_utf16_be, "unicodebigunmarked utf_16be"},
    {"utf_32", "utf-32", NULL, codec_utf32, "u32 utf32"},
    {"utf_32_le", "utf-32-le", NULL, codec_utf32_le, "utf_32le"},
    {"utf_32_be", "utf-32-be", NULL, codec_utf32_be, "utf_32be"},

    {"iso8859_2", "charmap", "ISO-8859-2", codec_charmap,
	"csisolatin2 iso_8859_2 iso_8859_2_1987 iso_ir_101 l2 latin2"},
    {"iso8859_3", "charmap", "ISO-8859-3", codec_charmap,
	"csisolatin3 iso_8859_3 iso_8859_3_1988 iso_ir_109 l3 latin3"},
    {"iso8859_4", "charmap", "ISO-8859-4", codec_charmap,
	"csisolatin4 iso_8859_4 iso_8859_4_1988 iso_ir_110 l4 latin4"},
    {"iso8859_5", "charmap", "ISO-8859-5", codec_charmap,
	"csisolatincyrillic cyrillic iso_8859_5 iso_8859_5_1988 iso_ir_144"},
    {"iso8859_6", "charmap", "ISO-8859-6", codec_charmap,
	"arabic asmo_708 csisolatinarabic ecma_114 iso_8859_6 iso_8859_6_1987 iso_ir_127"},
    {"iso8859_7", "charmap", "ISO-8859-7", codec_charmap,
	"csisolatingreek ecma_118 elot_928 greek greek8 iso_8859_7 iso_8859_7_1987 iso_ir_126"},
    {"iso8859_8", "charmap", "ISO-8859-8", codec_charmap,
	"csisolatinhebrew hebrew iso_8859_8 iso_8859_8_1988 iso_ir_138"},
    {"iso8859_9", "charmap", "ISO-8859-9", codec_charmap,
	"csisolatin5 iso_8859_9 iso_8859_9_1989 iso_ir_148 l5 latin5"},
    {"iso8859_10", "charmap", "ISO-8859-10", codec_charmap,
	"csisolatin6 iso_8859_10 iso_8859_10_1992 iso_ir_157 l6 latin6"},
    {"iso8859_11", "charmap", "ISO-8859-11", codec_charmap, "thai iso_8859_11 iso_8859_11_2001"},
    {"iso8859_13", "charmap", "ISO-8859-13", codec_charmap, "iso_8859_13 l7 latin7"},
    {"iso8859_14", "charmap", "ISO-8859-14", codec_charmap,
	"iso_8859_14 iso_8859_14_1998 iso_celtic iso_ir_199 l8 latin8"},
    {"iso8859_15", "charmap", "ISO-8859-15", codec_charmap, "iso_8859_15 l9 latin9"},
    {"iso8859_16", "charmap", "ISO-8859-16", codec_charmap,
	"iso_8859_16 iso_8859_16_2001 iso_ir_226 l10 latin10"},

    {"cp1250", "charmap", "CP1250", codec_charmap, "1250 windows_1250"},
    {"cp1251", "charmap", "CP1251", codec_charmap, "1251 windows_1251"},
    {"cp1252", "charmap", "CP1252", codec_charmap, "1252 windows_1252"},
    {"cp1253", "charmap", "CP1253", codec_charmap, "1253 windows_1253"},
    {"cp1254", "charmap", "CP1254", codec_charmap, "1254 windows_1254"},
    {"cp1255", "charmap", "CP1255", codec_charmap, "1255 windows_1255"},
    {"cp1256", "charmap", "CP1256", codec_charmap, "1256 windows_1256"},
    {"cp1257", "charmap", "CP1257", codec_charmap, "1257 windows_1257"},
    {"cp1258", "charmap", "CP1258", codec_charmap, "1258 windows_1258"},
    {"cp437", "charmap", "CP437", codec_charmap, "437 cspc8codepage437 ibm437"},
    {"cp737", "charmap", "CP737", codec_charmap, ""},
    {"cp775", "charmap", "CP775", codec_charmap, "775 cspc775baltic ibm775"},
    {"cp850", "charmap", "CP850", codec_charmap, "850 cspc850multilingual ibm850"},
    {"cp852", "charmap", "CP852", codec_charmap, "852 cspcp852 ibm852"},
    {"cp855", "charmap", "CP855", codec_charmap, "855 csibm855 ibm855"},
    {"cp857", "charmap", "CP857", codec_charmap, "857 csibm857 ibm857"},
    {"cp858", "charmap", "CP858", codec_charmap, "858 csibm858 ibm858"},
    {"cp860", "charmap", "CP860", codec_charmap, "860 csibm860 ibm860"},
    {"cp861", "charmap", "CP861", codec_charmap, "861 cp_is csibm861 ibm861"},
    {"cp862", "charmap", "CP862", codec_charmap, "862 cspc862latinhebrew ibm862"},
    {"cp863", "charmap", "CP863", codec_charmap, "863 csibm863 ibm863"},
    {"cp865", "charmap", "CP865", codec_charmap, "865 csibm865 ibm865"},
    {"cp866", "charmap", "CP866", codec_charmap, "866 csibm866 ibm866"},
    {"cp874", "charmap", "CP874", codec_charmap, ""},
    {"koi8_r", "charmap", "KOI8-R", codec_charmap, "cskoi8r"},
    {"koi8_t", "charmap", "KOI8-T", codec_charmap, ""},
    {"koi8_u", "charmap", "KOI8-U", codec_charmap, ""},
    {"kz1048", "charmap", "RK1048", codec_charmap, "kz_1048 rk1048 strk1048_2002"},
    {"mac_roman", "charmap", "MACINTOSH", codec_charmap, "macintosh macroman"},
    {"ptcp154", "charmap", "PT154", codec_charmap, "csptcp154 pt154 cp154 cyrillic_asian"},
    {"tis_620", "charmap", "TIS-620", codec_charmap,
	"tis620 tis_620_0 tis_620_2529_0 tis_620_2529_1 iso_ir_166"},

    {"big5", "big5", "BIG5", codec_multibyte, "big5_tw csbig5 x_mac_trad_chinese"},
    {"big5hkscs", "big5hkscs", "BIG5-HKSCS", codec_multibyte, "big5_hkscs hkscs"},
    {"cp932", "cp932", "CP932", codec_multibyte, "932 ms932 mskanji ms_kanji"},
    {"cp949", "cp949", "UHC", codec_multibyte, "949 ms949 uhc"},
    {"cp950", "cp950", "CP950", codec_multibyte, "950 ms950"},
    {"euc_jp", "euc_jp", "EUC-JP", codec_multibyte, "eucjp ujis u_jis"},
    {"euc_kr", "euc_kr", "EUC-KR", codec_multibyte,
	"euckr korean ksc5601 ks_c_5601 ks_c_5601_1987 ksx1001 ks_x_1001 x_mac_korean"},
    {"gb18030", "gb18030", "GB18030", codec_multibyte, "gb18030_2000"},
    {"gb2312", "gb2312", "EUC-CN", codec_multibyte,
	"chinese csiso58gb231280 euc_cn euccn eucgb2312_cn gb2312_1980 gb2312_80 iso_ir_58 "
	"x_mac_simp_chinese"},
    {"gbk", "gbk", "GBK", codec_multibyte, "936 cp936 ms936"},
    {"iso2022_jp", "iso2022_jp", "ISO-2022-JP", codec_multibyte,
	"csiso2022jp iso2022jp iso_2022_jp"},
    {"iso2022_kr", "iso2022_kr", "ISO-2022-KR", codec_multibyte,
	"csiso2022kr iso2022kr iso_2022_kr"},
    {"shift_jis", "shift_jis", "CP932", codec_multibyte,
	"csshiftjis shiftjis sjis s_jis x_mac_japanese"},
};

static bool
is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '.';
}

/* CPython's _Py_normalize_encoding(): lower case, everything between words is one '_'. */
static bool
name_normalize(struct bytes name, char out[LONGEST_NAME])
{
	size_t length = 0;
	bool gap = false;

	for (size_t i = 0; i < name.length; i++) {
		char c = name.data[i];

		if (!is_word(c)) {
			gap = length > 0;
			continue;
		}
		if (length + 3 > LONGEST_NAME)
			return false;
		if (gap)
			out[length++] = '_';
		gap = false;
		out[length++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	out[length] = '\0';
	return length > 0;
}

static bool
is_listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	while (*list != '\0') {
		size_t word = strcspn(list, " ");

		if (word == length && memcmp(list, name, length) == 0)
			return true;
		list += word + (list[word] == ' ');
	}
	return false;
}

/* Python imports no module with a dot in its name, but looks for aliases with '_' in its place. */
static bool
codec_has_name(const struct codec *codec, const char *name, const char *dotless)
{
	return strcmp(codec->module, name) == 0 || is_listed(codec->aliases, name) ||
	       is_listed(codec->aliases, dotless);
}

const struct codec *
codec_find(struct bytes name)
{
	char normal[LONGEST_NAME], dotless[LONGEST_NAME];

	if (!name_normalize(name, normal))
		return NULL;
	memcpy(dotless, normal, sizeof(dotless));
	for (char *dot = dotless; (dot = strchr(dot, '.')) != NULL;)
		*dot = '_';
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
		if (codec_has_name(&codecs[i], normal, dotless))
			return &codecs[i];
	}
	return NULL;
}

const struct codec *
codec_of(const char *charset)
{
	const struct codec *codec = charset == NULL ? NULL : codec_find(bytes_of(charset));

	return codec == NULL ? &codecs[0] : codec;
}

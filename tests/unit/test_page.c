/* What pages are made of: escaped text, and the language of the user. */
#include "helpers.h"

#include "oidc/html.h"
#include "oidc/text.h"

static const struct {
	const char *text, *written;
} texts[] = {
    {"", ""},
    {"plain \xc3\xa9 {} %s", "plain \xc3\xa9 {} %s"},
    {"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
    {"\"'><b x=\"", "&quot;&#39;&gt;&lt;b x=&quot;"},
    {"&amp;&#39;", "&amp;amp;&amp;#39;"},
    {"a\r\nb\tc", "a&#13;\nb\tc"},
    {"&<>\"'\r", "&amp;&lt;&gt;&quot;&#39;&#13;"},
};

static void
text_is_escaped(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct buffer out = {.arena = arena};

		html_put(&out, "<p title=\"{}\">{}</p>", texts[i].text, texts[i].text);
		assert_string_equal(out.data, arena_printf(arena, "<p title=\"%s\">%s</p>",
						  texts[i].written, texts[i].written));
	}
}

static void
markup_is_not(void **state)
{
	struct buffer out = {.arena = arena};

	(void)state;
	html_put(&out, "<p>");
	html_put(&out, "{}{}{}", "{}", NULL, "}");
	html_put(&out, "</p>");
	assert_string_equal(out.data, "<p>{}}</p>");
}

static const struct {
	const char *ui_locales, *accept, *tag;
} choices[] = {
    {NULL, NULL, "en"},
    {"", "", "en"},
    {NULL, "fr", "en"},
    {NULL, "de", "de"},
    {NULL, "DE-at", "de"},
    {NULL, "de-CH-1996,fr", "de"},
    {NULL, "deutsch", "en"},
    {NULL, "d", "en"},
    {NULL, "pt-BR", "pt-BR"},
    {NULL, "pt-br-x-private", "pt-BR"},
    {NULL, "pt", "en"},
    {NULL, "pt-PT, de;q=0.1", "de"},
    {NULL, "fr, de;q=0.5, pt-BR;q=0.6", "pt-BR"},
    {NULL, "de;q=0.5, pt-BR;q=0.55", "pt-BR"},
    {NULL, "de;q=0.5, pt-BR;q=0.5", "de"},
    {NULL, "de;q=0.999,pt-BR;q=1", "pt-BR"},
    {NULL, "de;q=0.999,en", "en"},
    {NULL, "en, de", "en"},
    {NULL, "en;q=0.2, de;q=0.3", "de"},
    {NULL, "de;q=0", "en"},
    {NULL, "de;q=0.000,pt-BR;q=0.001", "pt-BR"},
    {NULL, "de ; q=0.4 , pt-BR ; Q=0.7", "pt-BR"},
    {NULL, "de;q=x", "en"},
    {NULL, "de;q=0.x", "en"},
    {NULL, "de;q=9.9", "en"},
    {NULL, "de;q=0.1, pt-BR;q=1.1", "de"},
    {NULL, "de;q=0.1, pt-BR;q=10", "de"},
    {NULL, "de;q=0.1, pt-BR;q=0x9", "de"},
    {NULL, "de;q=0.1, pt-BR;q=.9", "de"},
    {NULL, "de;q=0.1, pt-BR;q=1.000", "pt-BR"},
    {NULL, "de;q=0.9, pt-BR;q=0.9001", "de"},
    {NULL, "de;level=1", "en"},
    {NULL, "de;", "de"},
    {NULL, "*", "en"},
    {NULL, "*, de;q=0.5", "de"},
    {NULL, ",,;;q=1, ;,de", "de"},
    {NULL, "-de, --, -", "en"},
    {NULL, "de\xff", "en"},
    {"de", "pt-BR", "de"},
    {"fr de", "pt-BR", "de"},
    {"fr pt-PT", "pt-BR", "pt-BR"},
    {"pt-BR de", "de", "pt-BR"},
    {"  de ", NULL, "de"},
    {"de,pt-BR", NULL, "en"},
};

static void
the_language_fits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(choices) / sizeof(*choices); i++)
		assert_string_equal(
		    text_tag(text_language(choices[i].ui_locales, choices[i].accept)),
		    choices[i].tag);
}

static void
texts_are_found(void **state)
{
	const struct language *german = text_language("de", NULL);
	const struct language *english = text_language("en", NULL);

	(void)state;
	assert_string_equal(text_of(german, "login.title"), "An = melden");
	assert_string_equal(text_of(german, "login.button"), "Log in");
	assert_string_equal(text_of(german, "scope.own"), "{} und {}");
	assert_string_equal(text_of(german, "login.name"), "");
	assert_null(text_of(german, "nothing"));
	assert_null(text_of(english, "scope.own"));
	assert_string_equal(text_with(arena, german, "scope.own", "<{}>"), "<{}> und {}");
	assert_string_equal(text_with(arena, english, "login.title", "x"), "Log in");
}

static const struct {
	const char *content;
	size_t line;
} files[] = {
    {"", 0},
    {"# only\n\n  # words\n\r\n", 0},
    {"a = b", 0},
    {"a = b\r\n= c\n", 0},
    {"a", 1},
    {"a = b\n\nc\n", 3},
    {"a = b\nc = \xff\n", 2},
    {"\xef\xbb\xbf# \n", 1},
};

static void
files_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		assert_int_equal(text_add("xx", bytes_of(files[i].content)), files[i].line);
	assert_int_equal(text_add("xx", (struct bytes){"a = \0\n", 6}), 1);
}

static int
add_languages(void **state)
{
	static const char german[] = "# Deutsch\nlogin.title = An = melden\n"
				     "scope.own = {} und {}\nlogin.name =\n";

	(void)state;
	assert_int_equal(text_add("de", bytes_of(german)), 0);
	assert_int_equal(text_add("pt-BR", bytes_of("direction = ltr")), 0);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_is_escaped),
	    cmocka_unit_test(markup_is_not),
	    cmocka_unit_test(the_language_fits),
	    cmocka_unit_test(texts_are_found),
	    cmocka_unit_test(files_are_read),
	};
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	arena = arena_new();
	failed = cmocka_run_group_tests(tests, add_languages, NULL);
	arena_free(arena);
	return failed;
}

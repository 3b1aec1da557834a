# Links, fields and answers.
vestnik_test(unit/test_link.c USES link)
vestnik_test(unit/test_field.c USES answer)

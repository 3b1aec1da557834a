vestnik_test(unit/test_base.c USES base)

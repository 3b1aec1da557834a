vestnik_test(unit/test_yaml.c USES settings)
vestnik_test(unit/test_settings.c USES settings)

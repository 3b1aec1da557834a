# Tasks of other programs: what they may ask for, and how they say it.
vestnik_test(unit/test_settings_sources.c USES settings)

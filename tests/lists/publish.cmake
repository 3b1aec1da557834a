# Publishing: a campaign's text for everybody, its page and feed.
vestnik_test(unit/test_letter_public.c USES letter LIBRARIES PkgConfig::JANSSON)
vestnik_test(unit/test_publish.c USES publish test_scratch LIBRARIES PkgConfig::JANSSON PkgConfig::EXPAT)
vestnik_script_test(integration/a_series_goes_stage_by_stage_and_is_published.py BEDS kafka+postgres)

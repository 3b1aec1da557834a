# Campaigns being written in the browser.
vestnik_test(unit/test_compose.c USES compose directory test_scratch LIBRARIES PkgConfig::ZIP)
vestnik_script_test(integration/console_composes_s3_from_sheet_to_launch.py BEDS kafka+postgres)
vestnik_test(contract/test_composition.c USES compose test_scratch)
vestnik_test_beside(test_composition postgres)

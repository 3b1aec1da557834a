vestnik_test(unit/test_expression.c USES campaign)
vestnik_test(unit/test_campaign_check.c USES campaign)
vestnik_test(unit/test_campaign_store.c USES campaign)

vestnik_test(unit/test_webhook_rules.c USES service_notifier_rules webhook)

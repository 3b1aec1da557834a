# What comes back by mail.
vestnik_test(integration/real_bounces_are_understood.c USES service_intake)
vestnik_test(unit/test_figure.c USES service_intake)

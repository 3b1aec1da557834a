if(TARGET service_mailer)
  vestnik_test(unit/test_mailer_policy.c USES service_mailer)
endif()

vestnik_test(unit/test_calendar.c USES base calendar LIBRARIES Threads::Threads)
vestnik_test(unit/test_workdays.c USES base calendar)
vestnik_test(unit/test_deadline.c USES base calendar)
vestnik_test(unit/test_term.c USES base calendar)

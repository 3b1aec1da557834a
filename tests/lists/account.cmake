# Accounts, sessions, API keys; the console's gate.
vestnik_test(contract/test_account.c USES account test_scratch LIBRARIES Threads::Threads PkgConfig::JANSSON LABELS threads)
vestnik_test_beside(test_account postgres)

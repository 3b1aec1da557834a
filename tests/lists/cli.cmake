vestnik_test(unit/test_command_args.c USES service_cli)
vestnik_test(unit/test_cli_text.c USES service_cli)
vestnik_script_test(integration/bash_completes_commands_options_and_values.py)

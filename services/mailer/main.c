#include "mailer/mailer.h"

int main(int argc, char **argv)
{
	return daemon_main(&mailer_service, argc, argv);
}

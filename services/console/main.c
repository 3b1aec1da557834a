#include "console/console.h"

int main(int argc, char **argv)
{
	return daemon_main(&console_service, argc, argv);
}

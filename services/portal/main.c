#include "portal/portal.h"

int main(int argc, char **argv)
{
	return daemon_main(&portal_service, argc, argv);
}

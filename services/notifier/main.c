#include "notifier/notifier.h"

int main(int argc, char **argv)
{
	return daemon_main(&notifier_service, argc, argv);
}

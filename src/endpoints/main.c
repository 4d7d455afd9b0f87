/*
 * What every program has in common: each states its endpoint and is linked with this.
 */
#include "http/endpoint.h"

extern const struct endpoint endpoint;

int
main(int argc, char **argv)
{
	return serve(&endpoint, argc, argv);
}

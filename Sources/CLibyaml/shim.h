// libyaml 0.2, of which Settings uses the events of the parser.
#pragma once

#include <yaml.h>

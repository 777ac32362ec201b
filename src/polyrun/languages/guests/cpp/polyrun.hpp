// Values for blocks in C++: what other blocks export is there as constants, and `polyrun::put` hands over what they import.
#ifndef POLYRUN_HPP
#define POLYRUN_HPP
#include "polyrun/write.hpp"

#endif

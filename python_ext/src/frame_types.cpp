#include "frame_types.hpp"

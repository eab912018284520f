// Boost.JSON's own code. Compiled here, it needs no library beside Boost's headers.
#include <boost/json/src.hpp>

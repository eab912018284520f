#define BOOST_TEST_MODULE rtpsynth
#include <boost/test/included/unit_test.hpp>

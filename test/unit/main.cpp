#define BOOST_TEST_MODULE rtpsynth
#include <boost/test/unit_test.hpp>

/* A minimal C test: CHECK(condition) prints where it does not hold, and main returns
 * CHECK_RESULT(). For a test of one source file; CHECK may be used on any thread that is joined
 * before another checks. */
#ifndef RTPSYNTH_TEST_CHECK_H
#define RTPSYNTH_TEST_CHECK_H

#include <stdio.h>

static unsigned long check_count, check_failures;

static int check_that(int holds, const char* condition, const char* file, int line) {
    ++check_count;
    if (!holds) {
        ++check_failures;
        fprintf(stderr, "%s:%d: failed: %s\n", file, line, condition);
    }
    return holds;
}

#define CHECK(condition) check_that((condition) ? 1 : 0, #condition, __FILE__, __LINE__)

/* A test that checked nothing has failed. */
static int check_result(void) {
    fprintf(stderr, "%lu checks, %lu failures\n", check_count, check_failures);
    return check_failures != 0 || check_count == 0;
}

#define CHECK_RESULT() check_result()

#endif

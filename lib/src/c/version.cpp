#include <rtpsynth/base/version.h>

int rsynth_version() { return RTPSYNTH_VERSION; }

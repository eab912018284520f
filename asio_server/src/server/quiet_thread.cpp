#include <rtpsynth/asio_server/server/detail/quiet_thread.hpp>

#include "io/process.hpp"
#include "io/thread.hpp"

#include <boost/system/system_error.hpp>

#include <system_error>
#include <utility>

namespace rtpsynth::asio_server::detail {

std::unique_ptr<std::thread> start_quiet_thread(const char* name, std::function<void()> run) {
    try {
        return start_thread(name, std::move(run));
    } catch (const std::system_error& e) {
        throw boost::system::system_error{e.code().value(), boost::system::system_category(),
                                          "thread"};
    }
}

void wake_on_time() noexcept { end_sleep_on_time(); }

} // namespace rtpsynth::asio_server::detail

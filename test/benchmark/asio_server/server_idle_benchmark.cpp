// What open channels cost that nobody uses: processor time, and memory beyond the kernel's. Each
// row is a process of its own. "used" are channels that have sent and received one packet each.
#include "server_bench.hpp"

#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <thread>
#include <tuple>

namespace {

using namespace server_bench;

double allocated() {
    const auto m = mallinfo2();
    return static_cast<double>(m.uordblks + m.hblkhd);
}

double resident() {
    std::ifstream file{"/proc/self/statm"};
    double total = 0, pages = 0;
    file >> total >> pages;
    return pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

void report(const char* what, std::size_t n, duration length, double heap, double rss) {
    heap = (allocated() - heap) / static_cast<double>(n);
    rss = (resident() - rss) / static_cast<double>(n);
    const double cpu = process_cpu();
    const auto begin = steady::now();
    std::this_thread::sleep_for(length);
    const double share = (process_cpu() - cpu) / to_seconds(steady::now() - begin) * 100;
    std::printf("%9zu  %-6s %9.3f %11.0f %11.0f\n", n, what, share, heap, rss);
    std::fflush(stdout);
}

void measure(std::size_t n, duration length) {
    channels all;
    all.reserve(n);
    rtp_server server;
    std::atomic<std::size_t> received{0};
    const auto add = [&] {
        return server.create_channel(on_loopback(),
                                     [&](rtp_channel&, const datagram_view&) { ++received; });
    };
    const auto first = add(); // what there is once per server
    on_executor(server, [] {});
    const double heap = allocated(), rss = resident();
    for (std::size_t i = 0; i != n; ++i) all.push_back(add());
    report("fresh", n, length, heap, rss);

    const packet p;
    for (const auto& channel : all) {
        std::ignore = channel->set_target(channel->local_endpoint());
        std::ignore = channel->try_send(p.bytes);
    }
    if (!wait_for([&] { return received == n; }, 5s))
        std::fprintf(stderr, "received %zu of %zu\n", received.load(), n);
    report("used", n, length, heap, rss);
    server.shutdown();
}

} // namespace

int main(int argc, char** argv) {
    arguments options{argc, argv, {{"seconds", 2, "to look at each"}}};
    const std::size_t most = allow_sockets();
    std::printf(" channels             CPU,   memory a channel, bytes\n"
                "                    %% of 1    allocated    resident\n");
    std::fflush(stdout);
    for (const std::size_t n : {2000U, 8000U}) {
        if (n + 1 > most) {
            std::printf("%9zu  more than the limit of open files allows\n", n);
            continue;
        }
        const pid_t child = fork();
        if (child == 0) {
            measure(n, options.seconds("seconds"));
            return 0;
        }
        waitpid(child, nullptr, 0);
    }
}

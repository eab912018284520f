#pragma once

#include "async_tools.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>
#include <thread>
#include <vector>

namespace rtpsynth::asio_server {

/// A server with a thread of its own, or on a context that threads run.
struct any_server {
    boost::asio::io_context context;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        context.get_executor()};
    std::vector<std::thread> threads;
    std::unique_ptr<rtp_server> server;

    explicit any_server(bool own_thread, const server_options& options = immediate()) {
        if (own_thread) {
            server = std::make_unique<rtp_server>(options);
            return;
        }
        server = std::make_unique<rtp_server>(context.get_executor(), options);
        for (int i = 0; i != 2; ++i) threads.emplace_back([this] { context.run(); });
    }
    ~any_server() {
        server.reset();
        work.reset();
        for (auto& t : threads) t.join();
    }
};

} // namespace rtpsynth::asio_server

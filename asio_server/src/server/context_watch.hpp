/// \file
/// Notifies objects when an application destroys the io_context that they use.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <list>
#include <memory>

namespace rtpsynth::asio_server::detail {

/// An object with I/O objects or executors of an application's context.
class context_client {
public:
    /// Its context is being destroyed. Destroys pending handlers without calling them, and releases
    /// everything that belongs to the context. All later calls fail.
    virtual void detach() noexcept = 0;

protected:
    ~context_client() = default;
};

/// A client's entry in a service of the context. A context shuts down all services before it
/// destroys any, so a client can still close its I/O objects then.
///
/// Threads: safe. As with any Asio I/O object, a client must not be used while its context is being
/// destroyed.
class context_watch {
public:
    /// Calls \p client's detach() when the context of \p executor is destroyed. \throws
    /// std::bad_alloc
    context_watch(const boost::asio::any_io_executor& executor,
                  std::weak_ptr<context_client> client);
    ~context_watch();
    context_watch(const context_watch&) = delete;
    context_watch& operator=(const context_watch&) = delete;

private:
    class service;
    struct registry;

    std::shared_ptr<registry> registry_;
    std::list<std::weak_ptr<context_client>>::iterator entry_;
};

} // namespace rtpsynth::asio_server::detail

/// \file
/// Noticing that an application destroys its io_context before what runs on it.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <list>
#include <memory>

namespace rtpsynth::asio_server::detail {

/// What has I/O objects or executors of an application's context.
class context_client {
public:
    /// Its context is being destroyed. Destroys what is pending without calling it, and lets go of
    /// everything of the context; afterwards it fails whatever is asked of it.
    virtual void detach() noexcept = 0;

protected:
    ~context_client() = default;
};

/// A client's entry in the service that every context has for this. A context shuts its services
/// down before it destroys any, so a client may still close its I/O objects then.
///
/// Threads: safe, but no client may be used while its context is being destroyed, as with any I/O
/// object of Asio.
class context_watch {
public:
    /// Has \p client detached when the context of \p executor is destroyed. \throws std::bad_alloc
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

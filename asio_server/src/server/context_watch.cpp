#include "server/context_watch.hpp"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

#include <mutex>
#include <utility>

namespace rtpsynth::asio_server::detail {

/// The registry outlives the service, since clients may outlive the context.
struct context_watch::registry {
    std::mutex mutex;
    std::list<std::weak_ptr<context_client>> clients;
    bool detached = false; // the context was shut down, and `clients` is invalid
};

class context_watch::service final : public boost::asio::execution_context::service {
public:
    using key_type = service;
    static boost::asio::execution_context::id id;

    explicit service(boost::asio::execution_context& context)
        : boost::asio::execution_context::service{context} {}

    const std::shared_ptr<registry>& clients() const noexcept { return clients_; }

private:
    void shutdown() override {
        std::list<std::weak_ptr<context_client>> all;
        {
            const std::lock_guard lock{clients_->mutex};
            clients_->detached = true;
            all.swap(clients_->clients);
        }
        for (const auto& weak : all)
            if (const auto client = weak.lock()) client->detach();
    }

    const std::shared_ptr<registry> clients_ = std::make_shared<registry>();
};

boost::asio::execution_context::id context_watch::service::id;

context_watch::context_watch(const boost::asio::any_io_executor& executor,
                             std::weak_ptr<context_client> client)
    : registry_{boost::asio::use_service<service>(
                    boost::asio::query(executor, boost::asio::execution::context))
                    .clients()} {
    const std::lock_guard lock{registry_->mutex};
    entry_ = registry_->clients.insert(registry_->clients.end(), std::move(client));
}

context_watch::~context_watch() {
    const std::lock_guard lock{registry_->mutex};
    if (!registry_->detached) registry_->clients.erase(entry_);
}

} // namespace rtpsynth::asio_server::detail

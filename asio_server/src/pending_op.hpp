/// \file
/// An asynchronous operation that waits.
#pragma once

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include <utility>

namespace rtpsynth::asio_server::detail {

/// The completion handler, and the executor it completes on, which is kept running meanwhile.
template <class Signature>
class pending_op {
public:
    using handler_type = boost::asio::any_completion_handler<Signature>;

    /// \p fallback is for a handler that has no executor of its own.
    pending_op(handler_type&& handler, const boost::asio::any_io_executor& fallback)
        : handler_{std::move(handler)},
          executor_{
              boost::asio::prefer(boost::asio::get_associated_executor(
                                      handler_, boost::asio::any_completion_executor{fallback}),
                                  boost::asio::execution::outstanding_work.tracked)} {}

    /// Has \p cancel(), called from any thread, cancel the operation: terminal, partial or total,
    /// since all leave the channel usable and nothing half done.
    template <class Cancel>
    void on_cancellation(Cancel&& cancel) {
        auto slot = boost::asio::get_associated_cancellation_slot(handler_);
        if (!slot.is_connected()) return;
        slot.assign([c = std::forward<Cancel>(cancel)](boost::asio::cancellation_type type) {
            if (type != boost::asio::cancellation_type::none) c();
        });
    }

    /// By way of \p home, the channel's executor, and never from here: the caller may hold a lock,
    /// be an initiating function, or have others to serve should the handler throw.
    template <class... Args>
    void post(const boost::asio::any_io_executor& home, Args... args) && {
        boost::asio::post(home, [op = std::move(*this), ... as = std::move(args)]() mutable {
            // A copy with work of its own: the call may end this one's, and with it the context.
            const auto executor =
                boost::asio::prefer(op.executor_, boost::asio::execution::outstanding_work.tracked);
            executor.execute([o = std::move(op), ... a = std::move(as)]() mutable {
                std::move(o.handler_)(std::move(a)...);
            });
        });
    }

private:
    handler_type handler_;
    boost::asio::any_completion_executor executor_;
};

} // namespace rtpsynth::asio_server::detail

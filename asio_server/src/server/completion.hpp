/// \file
/// Asynchronous operations, from their start to the call of their handler.
#pragma once

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace rtpsynth::asio_server::detail {

/// One operation. It is in one place at a time: waiting in an op_list, or in a completion_queue.
class completion {
public:
    using pointer = std::unique_ptr<completion>;

    completion(std::uint64_t number, boost::asio::any_completion_executor handlers_executor)
        : id{number}, executor{std::move(handlers_executor)} {}
    virtual ~completion() = default;
    completion(const completion&) = delete;
    completion& operator=(const completion&) = delete;

    /// Calls the handler of \p self, whose memory is freed before that.
    virtual void call(pointer self) = 0;

    const std::uint64_t id;
    boost::system::error_code result{};
    const boost::asio::any_completion_executor executor; ///< has outstanding work
    pointer next{};
};

/// With its handler.
template <class Signature>
class operation : public completion {
public:
    using handler_type = boost::asio::any_completion_handler<Signature>;

    /// \p fallback is for a handler that has no executor of its own.
    operation(std::uint64_t number, handler_type&& h, const boost::asio::any_io_executor& fallback)
        : completion{number,
                     boost::asio::prefer(boost::asio::get_associated_executor(
                                             h, boost::asio::any_completion_executor{fallback}),
                                         boost::asio::execution::outstanding_work.tracked)},
          handler{std::move(h)} {}

    /// Has \p cancel(), called from any thread, cancel the operation: terminal, partial or total,
    /// since all leave the channel usable and nothing half done.
    template <class Cancel>
    void on_cancellation(Cancel&& cancel) {
        auto slot = boost::asio::get_associated_cancellation_slot(handler);
        if (!slot.is_connected()) return;
        slot.assign([c = std::forward<Cancel>(cancel)](boost::asio::cancellation_type type) {
            if (type != boost::asio::cancellation_type::none) c();
        });
    }

protected:
    handler_type handler;
};

/// An operation that completes with an error and a value.
template <class Value>
class value_operation final : public operation<void(boost::system::error_code, Value)> {
public:
    using operation<void(boost::system::error_code, Value)>::operation;

    Value value{};

    void call(completion::pointer self) override {
        auto to_call = std::move(this->handler);
        const auto error = this->result;
        Value given = std::move(value);
        self.reset();
        std::move(to_call)(error, std::move(given));
    }
};

} // namespace rtpsynth::asio_server::detail

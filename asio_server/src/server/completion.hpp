/// \file
/// Asynchronous operations, from their start until their handler is called.
#pragma once

#include <rtpsynth/asio_server/server/detail/initiation.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace rtpsynth::asio_server::detail {

/// One operation. It is in one container at a time: it waits in an op_list, or is in a
/// completion_queue.
class completion {
public:
    using pointer = std::unique_ptr<completion>;

    /// How the handler gets to its executor from the server's.
    enum class route : std::uint8_t {
        here,    ///< the server's executor calls it
        post,    ///< `executor` never runs it inside execute()
        execute, ///< `executor` may run it inside execute()
    };

    /// For a function that is called on the server's executor.
    completion() noexcept : id{0}, how{route::here} {}
    virtual ~completion() = default;
    completion(const completion&) = delete;
    completion& operator=(const completion&) = delete;

    /// Calls the handler of \p self. Frees the memory of \p self first.
    virtual void call(pointer self) = 0;

    const std::uint64_t id;
    const route how;
    boost::system::error_code result{};
    const boost::asio::execution::any_executor<>
        executor{}; ///< of a handler, with outstanding work
    pointer next{};

protected:
    completion(std::uint64_t number, own_executor&& own, const boost::asio::any_io_executor& home)
        : id{number}, how{route_of(own, home)}, executor{executor_of(how, own, home)} {}

private:
    static route route_of(const own_executor& own, const boost::asio::any_io_executor& home) {
        if (!own.plain || own.plain == boost::asio::any_completion_executor{home})
            return route::here;
        return own.posting ? route::post : route::execute;
    }
    static boost::asio::execution::any_executor<> executor_of(
        route way, own_executor& own, const boost::asio::any_io_executor& home) {
        namespace execution = boost::asio::execution;
        switch (way) {
        case route::post:
            return std::move(own.posting);
        case route::execute:
            return boost::asio::prefer(own.plain, execution::outstanding_work.tracked);
        case route::here:
            break;
        }
        return boost::asio::prefer(home, execution::outstanding_work.tracked);
    }
};

/// An operation with its handler. Made by make_operation.
template <class Signature>
class operation : public completion {
public:
    using handler_type = completion_handler<Signature>;

    /// \p home is the executor of a handler that has none of its own.
    operation(std::uint64_t number, handler_type&& h, const boost::asio::any_io_executor& home)
        : completion{number, std::move(h.executor), home}, handler{std::move(h.call)} {}

    /// Connects the handler's cancellation slot to \p cancel(), which may be called from any
    /// thread. It accepts terminal, partial and total cancellation, since each leaves the channel
    /// usable and nothing half done.
    template <class Cancel>
    void on_cancellation(Cancel&& cancel) {
        auto slot = boost::asio::get_associated_cancellation_slot(handler);
        if (!slot.is_connected()) return;
        slot.assign([c = std::forward<Cancel>(cancel)](boost::asio::cancellation_type type) {
            if (type != boost::asio::cancellation_type::none) c();
        });
    }

protected:
    boost::asio::any_completion_handler<Signature> handler;
};

/// An operation whose memory comes from its handler's associated allocator.
template <class Op>
class allocated final : public Op {
public:
    using handler_type = typename Op::handler_type;

    template <class... Arguments>
    static std::unique_ptr<Op> make(std::uint64_t number, handler_type&& handler,
                                    Arguments&&... arguments) {
        allocator a{handler.call.get_allocator()};
        allocated* const place = a.allocate(1);
        try {
            return std::unique_ptr<Op>{::new (static_cast<void*>(place)) allocated{
                a, number, std::move(handler), std::forward<Arguments>(arguments)...}};
        } catch (...) { // thrown before the handler was moved
            a.deallocate(place, 1);
            throw;
        }
    }

    /// Destroys the handler last: its allocator also frees this object. If the handler was moved
    /// out to be called, the caller still has it.
    static void operator delete(allocated* self, std::destroying_delete_t) noexcept {
        allocator a = self->allocator_;
        const auto last = std::move(self->handler);
        self->~allocated();
        a.deallocate(self, 1);
    }

private:
    using allocator =
        typename decltype(handler_type::call)::allocator_type::template rebind<allocated>::other;

    template <class... Arguments>
    allocated(const allocator& a, Arguments&&... arguments)
        : Op{std::forward<Arguments>(arguments)...}, allocator_{a} {}

    allocator allocator_;
};

template <class Op, class... Arguments>
std::unique_ptr<Op> make_operation(Arguments&&... arguments) {
    return allocated<Op>::make(std::forward<Arguments>(arguments)...);
}

/// An operation that completes with an error.
class error_operation : public operation<void(boost::system::error_code)> {
public:
    using operation::operation;

    void call(completion::pointer self) override {
        auto to_call = std::move(handler);
        const auto error = result;
        self.reset();
        std::move(to_call)(error);
    }
};

/// An operation that completes with an error and a value.
template <class Value>
class value_operation : public operation<void(boost::system::error_code, Value)> {
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

/// \file
/// Turns a completion token into an operation: shared by the async_ function templates.
#pragma once

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/execution/any_executor.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/require.hpp>

#include <type_traits>
#include <utility>

namespace rtpsynth::asio_server::detail {

/// The executor of a handler without one.
struct no_executor {
    template <class Function>
    void execute(Function&&) const {}
    bool operator==(const no_executor&) const noexcept = default;
};

/// A handler's own executor, type-erased in two forms. Both are empty if the handler has none.
struct own_executor {
    /// The executor as it is.
    boost::asio::any_completion_executor plain{};
    /// The same with blocking.never and outstanding_work.tracked. Empty if the executor does not
    /// support them.
    boost::asio::execution::any_executor<> posting{};

    template <class Handler>
    static own_executor of(const Handler& handler) {
        using executor = boost::asio::associated_executor_t<Handler, no_executor>;
        own_executor own;
        if constexpr (!std::is_same_v<executor, no_executor>) {
            namespace execution = boost::asio::execution;
            const executor found = boost::asio::get_associated_executor(handler, no_executor{});
            boost::asio::any_completion_executor plain{found};
            if (plain.target<no_executor>()) return own; // a type-erased handler without one
            own.plain = std::move(plain);
            if constexpr (boost::asio::can_require_v<executor, execution::blocking_t::never_t>)
                own.posting =
                    boost::asio::prefer(boost::asio::require(found, execution::blocking.never),
                                        execution::outstanding_work.tracked);
        }
        return own;
    }
};

/// A completion handler, type-erased, with its own executor.
template <class Signature>
struct completion_handler {
    template <class Handler>
    requires(!std::is_same_v<std::decay_t<Handler>,
                             completion_handler>) explicit completion_handler(Handler&& h)
        : executor{own_executor::of(h)}, call{std::forward<Handler>(h)} {}

    own_executor executor;
    boost::asio::any_completion_handler<Signature> call;
};

/// Initiates an operation that the private member function \p Start of an object starts. Its
/// associated executor is the object's, as in Asio's own initiations.
template <auto Start>
class initiation;

template <class Object, class Signature, class... Parameters,
          void (Object::*Start)(completion_handler<Signature>, Parameters...)>
class initiation<Start> {
public:
    using executor_type = typename Object::executor_type;

    explicit initiation(Object& object) noexcept : object_{&object} {}

    executor_type get_executor() const noexcept { return object_->get_executor(); }

    template <class Handler, class... Arguments>
    void operator()(Handler&& handler, Arguments&&... arguments) const {
        (object_->*Start)(completion_handler<Signature>{std::forward<Handler>(handler)},
                          std::forward<Arguments>(arguments)...);
    }

private:
    Object* object_;
};

} // namespace rtpsynth::asio_server::detail

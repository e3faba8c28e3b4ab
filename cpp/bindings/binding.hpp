// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <pybind11/pybind11.h>

#include "github_oidc/error.hpp"
#include "github_oidc/json.hpp"

namespace github_oidc::binding {

namespace py = pybind11;

/// A refusal on its way to Python, where its group becomes an exception class.
struct Refusal {
    Error error;
};

/// A Result as a Python object: the value or a Refusal.
template <class T>
py::object to_python(Result<T> result) {
    if (result) return py::cast(std::move(result).value());
    return py::cast(Refusal{result.error()});
}

/// The bytes of a `str` for the core, without a copy where the text is ASCII. Holds a
/// reference, so the view stays good for as long as this object lives.
///
/// Everything that carries a secret enters as a plain py::object and through here:
/// pybind11's own conversions print their arguments in the TypeError of a mismatch.
class Text {
public:
    /// @throws py::type_error, which names the parameter only.
    Text(py::object text, const char* parameter);

    std::string_view view() const noexcept { return view_; }

private:
    py::object owner_;
    std::string_view view_;
};

/// A JSON value as a fresh Python object.
py::object to_python(JsonValue value);

/// A document's top-level object as a fresh dict.
py::dict to_dict(JsonValue object);

/// Refuses to pickle instances of a class. pybind11 ends the process when it is asked
/// to with protocol 0 or 1.
void refuse_pickling(const py::object& cls);

/// For a class that only the core makes: no `__new__` and no pickles. pybind11's own
/// `__new__` gives out instances without a value, whose methods read wild memory.
void made_by_core_only(const py::object& cls);

void bind_errors(py::module_& m);
void bind_keys(py::module_& m);
void bind_verifier(py::module_& m);
void bind_subject(py::module_& m);
void bind_freshness(py::module_& m);

}  // namespace github_oidc::binding

// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstring>

#include "binding.hpp"
#include "github_oidc/jwk_set.hpp"

namespace github_oidc::binding {
namespace {

/// Names that nearly every token has. Their Python strings are made once: that saves
/// two thirds of the work of building a dict of claims.
constexpr std::string_view kFrequent[] = {
    "actor",
    "actor_id",
    "aud",
    "base_ref",
    "check_run_id",
    "enterprise",
    "enterprise_id",
    "environment",
    "environment_node_id",
    "event_name",
    "exp",
    "head_ref",
    "iat",
    "iss",
    "issuer_scope",
    "job_workflow_ref",
    "job_workflow_sha",
    "jti",
    "nbf",
    "ref",
    "ref_protected",
    "ref_type",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "repository_visibility",
    "run_attempt",
    "run_id",
    "run_number",
    "runner_environment",
    "sha",
    "sub",
    "workflow",
    "workflow_ref",
    "workflow_sha",
};

constexpr std::size_t kSlots = 256;

constexpr std::size_t slot_of(std::string_view name) noexcept {
    const auto at = [&](std::size_t i) {
        return std::size_t{static_cast<unsigned char>(name[i])};
    };
    return (name.size() * 29U + at(0) * 7U + at(name.size() / 2) * 3U +
            at(name.size() - 1) * 17U) %
           kSlots;
}

class FrequentNames {
public:
    FrequentNames() {
        for (const std::string_view name : kFrequent) {
            std::size_t slot = slot_of(name);
            while (table_[slot].object != nullptr)
                slot = (slot + 1) % kSlots;
            PyObject* const interned = PyUnicode_InternFromString(name.data());
            if (interned == nullptr) throw py::error_already_set();
            table_[slot] = {name, interned};
        }
    }

    /// A new reference, or null for a name that is not frequent.
    PyObject* find(std::string_view name) const noexcept {
        if (name.empty()) return nullptr;
        for (std::size_t slot = slot_of(name); table_[slot].object != nullptr;
             slot = (slot + 1) % kSlots)
            if (table_[slot].name == name) return Py_NewRef(table_[slot].object);
        return nullptr;
    }

private:
    struct Slot {
        std::string_view name;
        PyObject* object = nullptr;  // lives as long as the process
    };
    std::array<Slot, kSlots> table_{};
};

py::object checked(PyObject* made) {
    if (made == nullptr) throw py::error_already_set();
    return py::reinterpret_steal<py::object>(made);
}

PyObject* string(JsonValue value) {
    const std::string_view text = value.string();
    if (!value.node().ascii)
        return PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()),
                                    "strict");
    PyObject* made = PyUnicode_New(static_cast<Py_ssize_t>(text.size()), 0x7f);
    // The empty string and single characters are shared objects.
    if (made != nullptr && text.size() > 1)
        std::memcpy(PyUnicode_1BYTE_DATA(made), text.data(), text.size());
    else if (made != nullptr && text.size() == 1) {
        Py_DECREF(made);
        made = PyUnicode_DecodeASCII(text.data(), 1, "strict");
    }
    return made;
}

py::object member_name(std::string_view name) {
    static const FrequentNames frequent;
    if (PyObject* known = frequent.find(name))
        return py::reinterpret_steal<py::object>(known);
    return checked(PyUnicode_DecodeUTF8(
        name.data(), static_cast<Py_ssize_t>(name.size()), "strict"));
}

}  // namespace

Text::Text(py::object text, const char* parameter) : owner_(std::move(text)) {
    if (PyUnicode_Check(owner_.ptr()) == 0)
        throw py::type_error(std::string{parameter} + " must be a str");
    const Py_ssize_t length = PyUnicode_GET_LENGTH(owner_.ptr());
    if (PyUnicode_IS_ASCII(owner_.ptr()) != 0) {
        view_ = {reinterpret_cast<const char*>(PyUnicode_1BYTE_DATA(owner_.ptr())),
                 static_cast<std::size_t>(length)};
        return;
    }
    // Longer than anything the core reads: it refuses by size, whatever the bytes.
    static const std::string too_long(kMaxKeySetSize + 1, 'A');
    if (static_cast<std::size_t>(length) > kMaxKeySetSize) {
        view_ = too_long;
        return;
    }
    // Lone surrogates pass as bytes that no decoder of the core accepts.
    owner_ = checked(PyUnicode_AsEncodedString(owner_.ptr(), "utf-8", "surrogatepass"));
    view_ = {PyBytes_AS_STRING(owner_.ptr()),
             static_cast<std::size_t>(PyBytes_GET_SIZE(owner_.ptr()))};
}

py::object to_python(JsonValue value) {
    switch (value.type()) {
        case JsonType::null:
        case JsonType::out_of_range:
            return py::none();
        case JsonType::boolean:
            return py::bool_(value.boolean());
        case JsonType::integer:
            return py::int_(value.integer());
        case JsonType::number:
            return py::float_(value.number());
        case JsonType::string:
            return checked(string(value));
        case JsonType::array: {
            py::list made;
            value.for_each_element(
                [&](JsonValue element) { made.append(to_python(element)); });
            return made;
        }
        case JsonType::object:
            return to_dict(value);
    }
    return py::none();
}

py::dict to_dict(JsonValue object) {
    py::dict made;
    object.for_each_member([&](std::string_view name, JsonValue value) {
        const py::object key = member_name(name);
        const py::object item = to_python(value);
        if (PyDict_SetItem(made.ptr(), key.ptr(), item.ptr()) != 0)
            throw py::error_already_set();
    });
    return made;
}

}  // namespace github_oidc::binding

// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <vector>

#include <pybind11/stl.h>

#include "binding.hpp"
#include "github_oidc/verifier.hpp"

namespace github_oidc::binding {
namespace {

using Names = std::vector<std::string>;

AlgorithmSet algorithm_set(const Names& names) {
    const std::vector<std::string_view> views{names.begin(), names.end()};
    return AlgorithmSet::of(views);
}

py::object item(JsonValue root, const py::object& name) {
    if (PyUnicode_Check(name.ptr()) == 0) return {};
    const Text text{name, "name"};
    const auto value = root.member(text.view());
    return value ? to_python(*value) : py::object{};
}

/// collections.abc's view of a kind over a mapping.
py::object view(const char* kind, const py::object& mapping) {
    return py::module_::import("collections.abc").attr(kind)(mapping);
}

py::list names_of(JsonValue root) {
    py::list names;
    for (const auto& [name, value] : to_dict(root))
        names.append(name);
    return names;
}

/// The read-only mapping that both kinds of verified claims are.
template <class Claims>
void bind_claims(py::module_& m, const char* name) {
    const std::string title = name;
    const auto same = [](py::object self) { return self; };
    py::class_<Claims> cls(m, name, py::is_final());
    made_by_core_only(cls);
    // Mapping is not reversible; __len__ and __getitem__ alone would look as if.
    cls.attr("__reversed__") = py::none();
    cls.def("__getitem__",
            [](const Claims& claims, const py::object& key) {
                py::object value = item(claims.root(), key);
                if (!value) throw py::key_error("no such claim");
                return value;
            })
        .def(
            "get",
            [](const Claims& claims, const py::object& key, const py::object& missing) {
                py::object value = item(claims.root(), key);
                return value ? value : missing;
            },
            py::arg("key"), py::arg("default") = py::none())
        .def("__contains__",
             [](const Claims& claims, const py::object& key) {
                 return static_cast<bool>(item(claims.root(), key));
             })
        .def("__iter__",
             [](const Claims& claims) { return py::iter(names_of(claims.root())); })
        .def("__len__", [](const Claims& claims) { return claims.root().size(); })
        .def("__eq__",
             [](const Claims& claims, const py::object& other) -> py::object {
                 if (py::isinstance<Claims>(other))
                     return py::bool_(
                         to_dict(claims.root()).equal(other.attr("to_dict")()));
                 if (py::isinstance<py::dict>(other))
                     return py::bool_(to_dict(claims.root()).equal(other));
                 return py::reinterpret_borrow<py::object>(Py_NotImplemented);
             })
        .def("keys", [](const py::object& self) { return view("KeysView", self); })
        .def("values", [](const py::object& self) { return view("ValuesView", self); })
        .def("items", [](const py::object& self) { return view("ItemsView", self); })
        .def("to_dict", [](const Claims& claims) { return to_dict(claims.root()); })
        .def("__copy__", same)
        .def("__deepcopy__",
             [](py::object self, const py::object& /*memo*/) { return self; })
        .def("__repr__", [title](const Claims& claims) {
            const RegisteredClaims& known = claims.registered();
            return py::str("<{} iss={!r} sub={!r}>")
                .format(title, py::str(known.iss.data(), known.iss.size()),
                        py::str(known.sub.data(), known.sub.size()));
        });
}

double seconds(const py::object& now) {
    const double value = PyFloat_AsDouble(now.ptr());
    if (value == -1.0 && PyErr_Occurred() != nullptr) throw py::error_already_set();
    return value;
}

py::object verify(const Verifier& verifier, py::object token, const py::object& keys,
                  const py::object& now) {
    const Text text{std::move(token), "token"};
    const auto& set = keys.cast<const JwkSet&>();
    if (verifier.audience_from_policy())
        return to_python(verifier.verify_for_policy(text.view(), set, seconds(now)));
    return to_python(verifier.verify(text.view(), set, seconds(now)));
}

py::object verify_jws_payload(py::object token, const py::object& keys,
                              const Names& algorithms, const Names& types) {
    const Text text{std::move(token), "token"};
    auto jws = github_oidc::verify_jws(text.view(), keys.cast<const JwkSet&>(),
                                       HeaderRules{algorithm_set(algorithms), types});
    if (!jws) return py::cast(Refusal{jws.error()});
    return py::bytes(jws->payload);
}

}  // namespace

void bind_verifier(py::module_& m) {
    py::class_<Verifier> cls(m, "Verifier");
    refuse_pickling(cls);
    cls.def(py::init([](const Names& issuers, const std::optional<Names>& audiences,
                        const Names& algorithms, const Names& types, double leeway_s,
                        const std::optional<double>& max_age_s, bool accept_expired,
                        bool allow_other_audiences) {
                return std::make_unique<Verifier>(
                    HeaderRules{algorithm_set(algorithms), types},
                    ClaimRules{issuers, audiences, allow_other_audiences, leeway_s,
                               max_age_s, accept_expired});
            }),
            py::kw_only(), py::arg("issuers"), py::arg("audiences"),
            py::arg("algorithms"), py::arg("types"), py::arg("leeway_s"),
            py::arg("max_age_s"), py::arg("accept_expired"),
            py::arg("allow_other_audiences"))
        // The GIL is kept: beside a busy Python thread, letting it go costs the
        // interpreter's switch interval of 5 ms for a check of 17 microseconds.
        .def("verify", &verify, py::arg("token"), py::arg("keys"), py::arg("now_s"));
    bind_claims<VerifiedClaims>(m, "VerifiedClaims");
    bind_claims<AudienceUncheckedClaims>(m, "AudienceUncheckedClaims");
    m.def("verify_jws", &verify_jws_payload, py::arg("token"), py::arg("keys"),
          py::arg("algorithms"), py::arg("types"));
}

}  // namespace github_oidc::binding

// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <pybind11/stl.h>

#include "binding.hpp"
#include "github_oidc/jwk_set.hpp"

namespace github_oidc::binding {

void bind_keys(py::module_& m) {
    py::class_<JwkSet, std::shared_ptr<JwkSet>> cls(m, "JWKSet", py::is_final());
    made_by_core_only(cls);
    cls.def_static(
           "parse",
           [](py::object text, const std::string& issuer) {
               const Text view{std::move(text), "text"};
               // Cut beyond the limit: such a text is refused by its size alone.
               const std::string_view read = view.view().substr(0, kMaxKeySetSize + 1);
               auto set = JwkSet::parse(std::string{read}, issuer);
               if (!set) return py::cast(Refusal{set.error()});
               return py::cast(std::make_shared<JwkSet>(std::move(set).value()));
           },
           py::arg("text"), py::arg("issuer"))
        .def("__len__", &JwkSet::size)
        .def_property_readonly("issuer", &JwkSet::issuer)
        .def_property_readonly("generation", &JwkSet::generation)
        .def_property_readonly(
            "kids", [](const JwkSet& set) { return py::tuple(py::cast(set.kids())); });
}

}  // namespace github_oidc::binding

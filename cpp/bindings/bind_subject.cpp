// SPDX-License-Identifier: Apache-2.0
#include <pybind11/stl.h>

#include "binding.hpp"
#include "github_oidc/subject.hpp"

namespace github_oidc::binding {

void bind_subject(py::module_& m) {
    py::class_<Subject> cls(m, "Subject", py::is_final());
    made_by_core_only(cls);
    cls.def_readonly("owner", &Subject::owner)
        .def_readonly("owner_id", &Subject::owner_id)
        .def_readonly("repository", &Subject::repository)
        .def_readonly("repository_id", &Subject::repository_id)
        .def_readonly("value", &Subject::value)
        .def_property_readonly("kind",
                               [](const Subject& s) { return name_of(s.kind); });
    m.def(
        "parse_subject",
        [](py::object sub) {
            const Text text{std::move(sub), "sub"};
            return Subject::parse(text.view());
        },
        py::arg("sub"));
}

}  // namespace github_oidc::binding

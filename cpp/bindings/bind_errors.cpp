// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "binding.hpp"

namespace github_oidc::binding {
namespace {

py::str text(std::string_view view) {
    return {view.data(), view.size()};
}

}  // namespace

void refuse_pickling(const py::object& cls) {
    const auto refuse = [](const py::object&, const py::object&) -> py::object {
        throw py::type_error("this object is not pickled");
    };
    cls.attr("__reduce_ex__") =
        py::cpp_function(refuse, py::name("__reduce_ex__"), py::is_method(cls));
}

void made_by_core_only(const py::object& cls) {
    const auto refuse = [](const py::args&, const py::kwargs&) -> py::object {
        throw py::type_error("only the core makes instances of this class");
    };
    cls.attr("__new__") =
        py::staticmethod(py::cpp_function(refuse, py::name("__new__")));
    refuse_pickling(cls);
}

void bind_errors(py::module_& m) {
    py::class_<Refusal> cls(m, "Refusal", py::is_final());
    made_by_core_only(cls);
    cls.def_property_readonly(
           "code", [](const Refusal& r) { return text(reason(r.error.code).code); })
        .def_property_readonly("claim",
                               [](const Refusal& r) -> py::object {
                                   if (r.error.claim.empty()) return py::none();
                                   return text(r.error.claim);
                               })
        .def_property_readonly("off_by_s", [](const Refusal& r) -> py::object {
            if (std::isnan(r.error.off_by_s)) return py::none();
            return py::float_(r.error.off_by_s);
        });
    m.def("reasons", [] {
        py::list rows;
        for (const Reason& row : reasons())
            rows.append(py::make_tuple(text(row.code), text(row.group),
                                       text(row.source), text(row.message)));
        return rows;
    });
}

}  // namespace github_oidc::binding

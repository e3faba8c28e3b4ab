// SPDX-License-Identifier: Apache-2.0
#include "github_oidc/freshness.hpp"

#include <pybind11/stl.h>

#include <optional>
#include <string_view>
#include <utility>

#include "binding.hpp"

namespace github_oidc::binding {

using namespace pybind11::literals;

namespace {

std::pair<std::string_view, double> as_pair(const KeyDecision& decision) {
    return {name_of(decision.answer), decision.retry_after_s};
}

}  // namespace

void bind_freshness(py::module_& m) {
    py::class_<KeySetFreshness> cls(m, "KeySetFreshness",
                                    "When an issuer's JWK Set is fetched and how long "
                                    "it is used; no I/O, no clock.");
    refuse_pickling(cls);
    cls.def(py::init<>())
        .def(
            "for_request",
            [](KeySetFreshness& self, double now) {
                return as_pair(self.for_request(now));
            },
            "now"_a)
        .def(
            "for_unknown_key",
            [](KeySetFreshness& self, double now, std::uint64_t generation) {
                return as_pair(self.for_unknown_key(now, generation));
            },
            "now"_a, "generation"_a)
        .def("begin_fetch", &KeySetFreshness::begin_fetch, "now"_a)
        .def("fetch_succeeded", &KeySetFreshness::fetch_succeeded, "now"_a,
             "max_age_s"_a = py::none())
        .def("fetch_failed", &KeySetFreshness::fetch_failed, "now"_a)
        .def("refresh_in", &KeySetFreshness::refresh_in, "now"_a)
        .def("retry_in", &KeySetFreshness::retry_in, "now"_a)
        .def("age", &KeySetFreshness::age, "now"_a)
        .def("stale", &KeySetFreshness::stale, "now"_a)
        .def_property_readonly("generation", &KeySetFreshness::generation)
        .def("metadata_due", &KeySetFreshness::metadata_due, "now"_a)
        .def("metadata_usable", &KeySetFreshness::metadata_usable, "now"_a)
        .def("metadata_succeeded", &KeySetFreshness::metadata_succeeded, "now"_a)
        .def("doubt_metadata", &KeySetFreshness::doubt_metadata);
    m.def("max_age_of", &max_age_of, "cache_control"_a,
          "The max-age of a Cache-Control field value in seconds (RFC 9111 5.2.2.1).");
}

}  // namespace github_oidc::binding

# SPDX-License-Identifier: Apache-2.0
"""Claims of a verified token as frozen pydantic models.

The models say what a claim looks like, not who may come in: a token is verified before
it is read into a model, and a model refuses only what does not have the form that its
fields promise.
"""

from collections.abc import Mapping
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    Generic,
    Literal,
    NoReturn,
    TypeVar,
    cast,
)

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
)
from pydantic_core import CoreSchema, core_schema

from ._core import Subject, VerifiedClaims, parse_subject
from .errors import ClaimError

__all__ = [
    "ClaimsReader",
    "FrozenObject",
    "GithubOIDCClaims",
    "RegisteredClaims",
    "SubjectKind",
]

SubjectKind = Literal["branch", "tag", "pull_request", "environment", "other"]

ModelT = TypeVar("ModelT", bound=BaseModel)

_PROPERTY_PREFIX: Final = "repo_property_"


class FrozenObject(dict[str, object]):
    """A JSON object that cannot be changed; a dict in every other respect.

    Being a dict, it serialises wherever one does (``json``, pydantic, FastAPI).
    """

    __slots__ = ()

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("the claims of a verified token cannot be changed")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[type["FrozenObject"], tuple[dict[str, object]]]:
        # Without it, copying and unpickling would fill the object item by item.
        return FrozenObject, (dict(self),)


def _frozen(value: object) -> object:
    if isinstance(value, list | tuple):
        return tuple(map(_frozen, value))
    if isinstance(value, Mapping):
        return FrozenObject({name: _frozen(member) for name, member in value.items()})
    return value


class _FrozenSchema:
    """Any JSON value: arrays become tuples, objects `FrozenObject`."""

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: object, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(_frozen)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {}


class _DecimalSchema:
    """A whole number, or its one canonical decimal text.

    pydantic's own int also takes ``" 12 "``, ``"+12"``, ``"1_000"``, ``"012"`` and
    ``True``: several texts for one id would make ids that differ compare equal.
    """

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: object, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        text = core_schema.str_schema(pattern="^(0|[1-9][0-9]{0,18})$", strict=True)
        return core_schema.union_schema(
            [
                core_schema.chain_schema([text, core_schema.int_schema()]),
                core_schema.int_schema(strict=True, ge=0),
            ],
            mode="left_to_right",
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "integer", "minimum": 0}


class _BooleanSchema:
    """A boolean, or the text ``"true"`` or ``"false"``; not ``"yes"``, ``"1"``, 1."""

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: object, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        text = core_schema.literal_schema(["true", "false"])
        return core_schema.union_schema(
            [
                core_schema.chain_schema([text, core_schema.bool_schema()]),
                core_schema.bool_schema(strict=True),
            ],
            mode="left_to_right",
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "boolean"}


class _NumericDateSchema:
    """A NumericDate as the token has it: a fraction is kept, an integer stays one."""

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: object, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.union_schema(
            [
                core_schema.int_schema(strict=True),
                core_schema.float_schema(strict=True, allow_inf_nan=False),
            ],
            mode="left_to_right",
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "number"}


_JSONValue = Annotated[object, _FrozenSchema]
_Decimal = Annotated[int, _DecimalSchema]
_Boolean = Annotated[bool, _BooleanSchema]
_NumericDate = Annotated[int | float, _NumericDateSchema]


class RegisteredClaims(BaseModel):
    """The registered claims of an ID Token (RFC 7519 4.1); all others are kept.

    A claim without a field is an attribute too, and a member of ``model_extra``.
    Nothing in a model can be changed: arrays are tuples, objects `FrozenObject`.
    """

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    if not TYPE_CHECKING:
        # Type checkers would take it for an argument of __init__.
        __pydantic_extra__: dict[str, _JSONValue]

    iss: str = Field(description="The issuer identifier.")
    sub: str = Field(description="The subject: whom the token is about.")
    aud: str | tuple[str, ...] = Field(description="The audience, or several.")
    exp: _NumericDate = Field(description="Seconds since the epoch when it expires.")
    iat: _NumericDate = Field(description="Seconds since the epoch when it was issued.")
    nbf: _NumericDate | None = Field(
        default=None, description="Seconds since the epoch before which it is invalid."
    )
    jti: str | None = Field(default=None, description="The token's own identifier.")

    @property
    def model_extra(self) -> FrozenObject:
        """The claims that have no field, by name; read-only."""
        return FrozenObject(self.__pydantic_extra__ or {})


def _optional(description: str) -> Any:
    return Field(default=None, description=description)


class GithubOIDCClaims(RegisteredClaims):
    """The claims of a GitHub Actions ID token.

    Ids and counters, which GitHub writes as text, are integers, and ``ref_protected``
    is a boolean. Every claim but the registered ones may be absent (``environment`` is,
    for a job that has none), and ``head_ref`` and ``base_ref`` are empty outside pull
    requests: compare with the value that is wanted, never with "not something else".
    """

    actor: str | None = _optional("Login of the account that started the run.")
    actor_id: _Decimal | None = _optional("Id of that account.")
    base_ref: str | None = _optional("Target branch of the pull request, or empty.")
    check_run_id: _Decimal | None = _optional("Id of the job's check run.")
    enterprise: str | None = _optional("Slug of the enterprise.")
    enterprise_id: _Decimal | None = _optional("Id of the enterprise.")
    environment: str | None = _optional("Name of the job's environment.")
    environment_node_id: str | None = _optional("Node id of that environment.")
    event_name: str | None = _optional("Event that triggered the run.")
    head_ref: str | None = _optional("Source branch of the pull request, or empty.")
    issuer_scope: str | None = _optional("Whom the issuer issues tokens for.")
    job_workflow_ref: str | None = _optional(
        "File and ref of the workflow that defines the job: the called one, if reused."
    )
    job_workflow_sha: str | None = _optional("Commit of that workflow file.")
    ref: str | None = _optional("Git ref that triggered the run.")
    ref_protected: _Boolean | None = _optional("Whether that ref is protected.")
    ref_type: str | None = _optional("branch or tag.")
    repository: str | None = _optional("OWNER/NAME of the repository of the run.")
    repository_id: _Decimal | None = _optional("Id of that repository: never reused.")
    repository_owner: str | None = _optional("Login of the repository's owner.")
    repository_owner_id: _Decimal | None = _optional("Id of the repository's owner.")
    repository_visibility: str | None = _optional("public, internal or private.")
    run_attempt: _Decimal | None = _optional("How often the run was started.")
    run_id: _Decimal | None = _optional("Id of the workflow run.")
    run_number: _Decimal | None = _optional("Number of the run in its workflow.")
    runner_environment: str | None = _optional("github-hosted or self-hosted.")
    sha: str | None = _optional("Commit that triggered the run.")
    workflow: str | None = _optional("Name of the workflow.")
    workflow_ref: str | None = _optional("File and ref of the workflow of the run.")
    workflow_sha: str | None = _optional("Commit of the file of that workflow.")

    @property
    def subject(self) -> Subject | None:
        """``sub`` taken apart, or None if the organisation customised its form."""
        return parse_subject(self.sub)

    @property
    def kind(self) -> SubjectKind:
        """What ``sub`` names: a job of an environment is that, whatever its ref."""
        subject = self.subject
        return "other" if subject is None else subject.kind

    @property
    def repository_properties(self) -> Mapping[str, str]:
        """The repository's custom properties by name, read-only.

        GitHub writes a true/false property as ``"true"`` or ``"false"`` and joins the
        choices of a multi-select one with commas. One without a value is absent.
        """
        properties = {
            name[len(_PROPERTY_PREFIX) :]: value
            for name, value in (self.__pydantic_extra__ or {}).items()
            if name.startswith(_PROPERTY_PREFIX) and isinstance(value, str)
        }
        return cast(Mapping[str, str], FrozenObject(properties))


class ClaimsReader(Generic[ModelT]):
    """Reads verified claims into a model."""

    __slots__ = ("_names", "_validate", "model")

    def __init__(self, model: type[ModelT]) -> None:
        self.model: Final = model
        # The kept method: half of model_validate's time is its own bookkeeping.
        self._validate = model.__pydantic_validator__.validate_python
        self._names = _claim_names(model)

    def read(self, claims: VerifiedClaims) -> ModelT:
        """The model of these claims.

        Raises:
            ClaimError: ``claims_mismatch``, with the name of the claim that does not
                fit where the model knows that name. The value is not in it.
        """
        try:
            # The validator's type does not know the model that it makes.
            return self._validate(claims.to_dict())  # type: ignore[no-any-return]
        except ValidationError as error:
            mismatch = self._mismatch(error)
        # Outside the handler: pydantic's error, which holds claims, is not its context.
        raise mismatch

    def _mismatch(self, error: ValidationError) -> ClaimError:
        first = error.errors(
            include_url=False, include_context=False, include_input=False
        )[0]
        location = first["loc"]
        name = location[0] if location else None
        return ClaimError("claims_mismatch", str(name) if name in self._names else None)


def _claim_names(model: type[BaseModel]) -> frozenset[object]:
    """Every name that pydantic may report for a field: its own and its aliases."""
    names: set[object] = set()
    for name, field in model.model_fields.items():
        names |= {name, field.alias, field.validation_alias} - {None}
    return frozenset(name for name in names if isinstance(name, str))

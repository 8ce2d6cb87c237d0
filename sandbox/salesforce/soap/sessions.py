"""login, logout and who is logged in."""

from __future__ import annotations

from typing import Any

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.org import Org
from sandbox.salesforce.soap.call import SoapCall
from sandbox.salesforce.soap.sobjects import moment
from sandbox.salesforce.times import text_of_ms

LAST_LOGIN_VERSION = 64
Result = dict[str, Any]


class Sessions:
    """The calls about the session itself."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def login(self, call: SoapCall) -> list[Result]:
        number = int(call.version.partition(".")[0])
        if number > LAST_LOGIN_VERSION:
            message = (
                f"The SOAP Login operation is not available in the API version specified ({call.version}). Refer to "
                "the documentation for supported versions."
            )
            raise ApiError("INVALID_OPERATION", message)
        if not self._org.settings.soap_login:
            message = (
                "SOAP API login() is disabled by default in this org. Contact the org administrator to enable SOAP "
                "API login()."
            )
            raise ApiError("INVALID_OPERATION", message)
        username, password = call.arguments.value("username"), call.arguments.value("password")
        user_id = self._org.tokens.user_with(username or "", password or "")
        if user_id is None:
            message = "Invalid username, password, security token; or user locked out."
            raise ApiError("INVALID_LOGIN", message)
        return [self._opened(call, user_id)]

    def _opened(self, call: SoapCall, user_id: str) -> Result:
        base = f"{call.request.host}/services/Soap"
        place = f"{call.version}/{self._org.org_id[:15]}"
        return {
            "metadataServerUrl": f"{base}/m/{place}",
            "passwordExpired": False,
            "sandbox": bool(self._organization()["IsSandbox"]),
            "serverUrl": f"{base}/{call.api}/{place}",
            "sessionId": self._org.tokens.issue(user_id),
            "userId": user_id,
            "userInfo": self._info(user_id),
        }

    def logout(self, call: SoapCall) -> list[Result]:
        self._org.tokens.revoke(call.envelope.header("SessionHeader").value("sessionId") or "")
        return []

    def user_info(self, call: SoapCall) -> list[Result]:
        return [self._info(call.user_id)]

    def server_time(self, call: SoapCall) -> list[Result]:
        return [{"timestamp": moment(text_of_ms(self._org.clock.now_ms()))}]

    def _organization(self) -> Result:
        return self._org.database.row(self._org.schema.get("Organization"), self._org.org_id) or {}

    def _info(self, user_id: str) -> Result:
        user = self._org.database.row(self._org.schema.get("User"), user_id) or {}
        organization = self._organization()
        several = self._org.schema.get("User").has("DefaultCurrencyIsoCode")
        return {
            "accessibilityMode": False,
            "chatterExternal": False,
            "currencySymbol": "$",
            "orgAttachmentFileSizeLimit": 5_242_880,
            "orgDefaultCurrencyIsoCode": None if several else "USD",
            "orgDefaultCurrencyLocale": organization.get("DefaultLocaleSidKey"),
            "orgDisallowHtmlAttachments": False,
            "orgHasPersonAccounts": self._org.schema.get("Account").has("IsPersonAccount"),
            "organizationId": self._org.org_id,
            "organizationMultiCurrency": several,
            "organizationName": organization.get("Name") or "",
            "profileId": user.get("ProfileId") or "",
            "roleId": user.get("UserRoleId"),
            "sessionSecondsValid": int(self._org.settings.token_life_s),
            "userDefaultCurrencyIsoCode": user.get("DefaultCurrencyIsoCode"),
            "userEmail": user.get("Email") or "",
            "userFullName": user.get("Name") or "",
            "userId": user_id,
            "userLanguage": "en_US",
            "userLocale": user.get("LocaleSidKey") or "en_US",
            "userName": user.get("Username") or "",
            "userTimeZone": user.get("TimeZoneSidKey") or "GMT",
            "userType": user.get("UserType") or "Standard",
            "userUiSkin": "Theme3",
        }

"""Signs people in by the embedded stack, with the web app of `web_app.py`. Its argument is the address of the issuer; it ends with an
error at the first thing that is not as the standards say.
"""

import sys
import urllib.parse

import flask
import joserfc.jwk
import joserfc.jwt
import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2 import rfc8414, rfc9207
from authlib.oidc import rpinitiated

from web_app import HOME, Forms, app, follow, register, same, send

ISSUER = sys.argv[1]

rapport = register("rapport", ISSUER)


@app.get("/sign-out")
def sign_out():
    return rapport.logout_redirect(f"{HOME}/signed-out", id_token_hint=flask.request.args["id_token"])


@app.get("/signed-out")
def signed_out():
    return rapport.validate_logout_response()


def choose(url, name, value):
    """Opens the page and presses a button of it. Answers where it leads."""
    page = requests.get(url, timeout=20, allow_redirects=False)
    same(page.status_code, 200)
    form = next(form for form in Forms(page.text).forms if (name, value) in form["fields"])
    fields = {field: sent for field, sent in form["fields"] if field == "transaction"} | {name: value}
    answer = send(url, form, fields)
    same(answer.status_code, 303)
    return answer.headers["Location"]


def api(method, path, token=None, **rest):
    """What the API answers, to somebody with an access token or to anybody."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.request(method, ISSUER.removesuffix("/oidc") + path, headers=headers, timeout=20, **rest)


def come_in(token):
    """Comes into the only workspace there is, and makes a contact in it."""
    entered = api("POST", "/v1/sign_in", token)
    same((entered.status_code, entered.json()["email"]), (200, "robin.admin@example.com"))
    [workspace] = entered.json()["workspaces"]
    me = api("GET", "/v1/me", token).json()
    same((me["user"]["id"], me["role"], me["api_key"]), (workspace["user"], "owner", None))
    made = api("POST", "/v1/contacts", token, json={"first_name": "Ada"})
    same((made.status_code, made.json()["created_by"]), (201, workspace["user"]))


def main():
    told = api("GET", "/v1/config").json()["sign_in"]
    same((told["issuer"], told["client_id"], told["audience"]), (ISSUER, "rapport", None))
    browser = app.test_client()
    location = browser.get("/sign-in?login_hint=robin.admin@example.com").headers["Location"]
    back = choose(location, "person", "robin.admin@example.com")
    metadata = rapport.load_server_metadata()
    extensions = [rfc9207.AuthorizationServerMetadata, rpinitiated.OpenIDProviderMetadata]
    rfc8414.AuthorizationServerMetadata(metadata).validate(metadata_classes=extensions)
    # RFC 9207: the library leaves that to the app.
    same(urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["iss"], [metadata["issuer"]])
    tokens = follow(browser, back).json
    person = tokens["userinfo"]
    same((person["email"], person["email_verified"], person["name"]), ("robin.admin@example.com", True, "Robin Admin"))

    keys = joserfc.jwk.KeySet.import_key_set(rapport.fetch_jwk_set())
    access = joserfc.jwt.decode(tokens["access_token"], keys, algorithms=["ES256"])
    same((access.header["typ"], access.claims["sub"]), ("at+jwt", person["sub"]))
    same((access.claims["client_id"], access.claims["token_use"], "aud" in access.claims), ("rapport", "access", False))
    same([key.kid for key in keys.keys], [key.thumbprint() for key in keys.keys])

    known = rapport.userinfo(token=tokens)
    same((known["sub"], known["email"], known["name"]), (person["sub"], person["email"], person["name"]))

    come_in(tokens["access_token"])
    for wrong in (tokens["id_token"], tokens["refresh_token"], "rk_" + "0" * 64, "x"):
        same(api("GET", "/v1/me", wrong).status_code, 401)

    client = OAuth2Session("rapport", token_endpoint_auth_method="none")
    renewed = client.refresh_token(metadata["token_endpoint"], refresh_token=tokens["refresh_token"])
    again = rapport.parse_id_token(renewed, nonce=None)
    same((again["sub"], again["auth_time"]), (person["sub"], person["auth_time"]))
    same(rapport.userinfo(token=renewed)["sub"], person["sub"])

    come_in(renewed["access_token"])

    unwilling = requests.get(browser.get("/sign-in?prompt=none").headers["Location"], timeout=20, allow_redirects=False)
    try:
        follow(browser, unwilling.headers["Location"])
        raise AssertionError("prompt=none signed somebody in")
    except OAuthError as error:
        same(error.error, "login_required")

    logout = browser.get("/sign-out", query_string={"id_token": renewed["id_token"]}).headers["Location"]
    answer = requests.get(logout, timeout=20, allow_redirects=False)
    same(follow(browser, answer.headers["Location"]).json["post_logout_redirect_uri"], f"{HOME}/signed-out")
    try:
        client.refresh_token(metadata["token_endpoint"], refresh_token=renewed["refresh_token"])
        raise AssertionError("a refresh token is good after the end")
    except OAuthError as error:
        same(error.error, "invalid_grant")
    same(rapport.get(metadata["userinfo_endpoint"], token=renewed).status_code, 401)
    print("signed in, called the API, refreshed, signed out")


main()

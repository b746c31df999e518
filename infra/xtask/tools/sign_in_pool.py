"""Signs people in by the user pool of a deployed stack, with the web app of `web_app.py`. Its argument is a file that says where
all of it is and who they are; it ends with an error at the first thing that is not as it should be, and prints a refresh token.

The form is the emulator's; what it is asked, and the tokens, are as AWS documents them.
"""

import base64
import hmac
import json
import sys
import urllib.parse

import joserfc.jwk
import joserfc.jwt
import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from web_app import HOME, Forms, app, follow, register, same, send

with open(sys.argv[1]) as file:
    GIVEN = json.load(file)
EMULATOR, CLIENT = GIVEN["emulator"], GIVEN["client"]
ISSUER = f"https://cognito-idp.{GIVEN['region']}.amazonaws.com/{GIVEN['pool']}"

rapport = register(CLIENT, f"{EMULATOR}/{GIVEN['pool']}")


def api(method, path, token=None, **rest):
    """What the deployed API answers, to somebody with an access token or to anybody."""
    headers = {"Host": GIVEN["host"]} | ({"Authorization": f"Bearer {token}"} if token else {})
    return requests.request(method, EMULATOR + path, headers=headers, timeout=40, **rest)


def pool(operation, **asked):
    """What the user pool answers to anybody, without credentials of AWS."""
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}",
    }
    return requests.post(f"{EMULATOR}/", json=asked, headers=headers, timeout=20)


def fill_in(url, page, **fields):
    [form] = Forms(page).forms
    return send(url, form, dict(form["fields"]) | fields)


def enter(browser, email, password, renewed=None):
    """Signs somebody in on the pool's page, who has to choose a password if theirs is temporary. Answers the tokens."""
    url = browser.get("/sign-in").headers["Location"]
    asked = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
    same((asked["code_challenge_method"], asked["client_id"]), (["S256"], [CLIENT]))
    page = requests.get(url, timeout=20, allow_redirects=False)
    same(page.status_code, 200)
    wrong = fill_in(url, page.text, username=email, password=password + "x")
    same((wrong.status_code, "Location" in wrong.headers), (200, False))
    answer = fill_in(url, page.text, username=email, password=password)
    if renewed:
        same(answer.status_code, 200)
        answer = fill_in(url, answer.text, new_password=renewed, confirm_password=renewed)
    same(answer.status_code, 302)
    return follow(browser, answer.headers["Location"]).json


def first(browser, email):
    """Signs somebody in who has a temporary password, unless they have been here before."""
    if GIVEN["is_new"]:
        return enter(browser, email, GIVEN["password"], GIVEN["chosen"])
    return enter(browser, email, GIVEN["chosen"])


def come_in(token):
    """Comes into the workspace whose first user has the address, and makes a contact in it."""
    entered = api("POST", "/v1/sign_in", token)
    same((entered.status_code, entered.json().get("email")), (200, GIVEN["email"]))
    [workspace] = entered.json()["workspaces"]
    same((workspace["id"], workspace["role"]), (GIVEN["workspace"], "owner"))
    me = api("GET", "/v1/me", token).json()
    same((me["user"]["id"], me["role"], me["api_key"]), (workspace["user"], "owner", None))
    made = api("POST", "/v1/contacts", token, json={"first_name": "Ada"})
    same((made.status_code, made.json()["created_by"]), (201, workspace["user"]))


def part(value):
    octets = json.dumps(value).encode() if isinstance(value, dict) else value
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def forged(token):
    """Tokens that say what a good one says, or nearly, and that the pool has not signed."""
    header, _, signature = token.split(".")
    kid = json.loads(base64.urlsafe_b64decode(header + "=="))["kid"]
    claims = joserfc.jwt.decode(token, KEYS, algorithms=["RS256"]).claims
    foreign = joserfc.jwk.RSAKey.generate_key(2048, {"kid": kid})
    unsigned = f"{part({'alg': 'HS256', 'kid': kid})}.{part(claims)}"
    by_public_key = hmac.digest(KEYS.keys[0].as_pem(private=False), unsigned.encode(), "sha256")
    elsewhere = claims | {"iss": f"{ISSUER}x"}
    return {
        "a foreign key": joserfc.jwt.encode({"alg": "RS256", "kid": kid}, claims, foreign),
        "a foreign key and another issuer": joserfc.jwt.encode({"alg": "RS256", "kid": kid}, elsewhere, foreign),
        "a key that nobody knows": joserfc.jwt.encode({"alg": "RS256", "kid": "new"}, claims, foreign),
        "the public key as a secret": f"{unsigned}.{part(by_public_key)}",
        "no algorithm": f"{part({'alg': 'none', 'kid': kid})}.{part(claims)}.",
        "another person": f"{header}.{part(claims | {'sub': 'somebody'})}.{signature}",
        "longer": f"{header}.{part(claims | {'exp': claims['exp'] + 3600})}.{signature}",
    }


def look_at(tokens):
    """The tokens are a user pool's: the ID token says who it is, the access token what for."""
    person = tokens["userinfo"]
    same((person["email"], person["email_verified"], person["iss"]), (GIVEN["email"], True, ISSUER))
    access = joserfc.jwt.decode(tokens["access_token"], KEYS, algorithms=["RS256"]).claims
    same((access["iss"], access["sub"]), (ISSUER, person["sub"]))
    same((access["client_id"], access["token_use"], "aud" in access, "email" in access), (CLIENT, "access", False, False))
    same(sorted(access["scope"].split()), ["email", "openid", "profile"])
    same((access["exp"] - access["iat"], person["exp"] - person["iat"]), (900, 900))
    known = rapport.userinfo(token=tokens)
    same((known["sub"], known["email"], known["email_verified"]), (person["sub"], GIVEN["email"], "true"))


def main():
    told = api("GET", "/v1/config").json()["sign_in"]
    same((told["issuer"], told["client_id"], told["audience"]), (ISSUER, CLIENT, None))
    same(told["scopes"], ["openid", "profile", "email"])

    # The application takes no password, only the pool's page does.
    by_password = {"USERNAME": GIVEN["email"], "PASSWORD": GIVEN["password"]}
    direct = pool("InitiateAuth", AuthFlow="USER_PASSWORD_AUTH", ClientId=CLIENT, AuthParameters=by_password)
    same((direct.status_code, direct.json()["__type"]), (400, "InvalidParameterException"))

    browser = app.test_client()
    tokens = first(browser, GIVEN["email"])
    look_at(tokens)
    token = tokens["access_token"]

    if GIVEN["is_new"]:
        same(api("GET", "/v1/me", token).status_code, 403)
    come_in(token)
    wrong = forged(token) | GIVEN["others"] | {"an ID token": tokens["id_token"], "a refresh token": tokens["refresh_token"]}
    for what, credential in wrong.items():
        for method, path in [("GET", "/v1/me"), ("POST", "/v1/sign_in")]:
            status = api(method, path, credential).status_code
            assert status == 401, f"{what}: {method} {path} answers {status}"

    # Who only says that an address is theirs is nobody's user.
    unproven = first(app.test_client(), GIVEN["unproven"])
    same(api("POST", "/v1/sign_in", unproven["access_token"]).status_code, 403)

    metadata = rapport.load_server_metadata()
    client = OAuth2Session(CLIENT, token_endpoint_auth_method="none")
    renewed = client.refresh_token(metadata["token_endpoint"], refresh_token=tokens["refresh_token"])
    assert renewed["access_token"] != token
    come_in(renewed["access_token"])

    leaving = {"client_id": CLIENT, "logout_uri": f"{HOME}/signed-out"}
    left = requests.get(metadata["end_session_endpoint"], leaving, timeout=20, allow_redirects=False)
    same((left.status_code, left.headers["Location"]), (302, leaving["logout_uri"]))
    same(pool("RevokeToken", ClientId=CLIENT, Token=tokens["refresh_token"]).status_code, 200)
    try:
        client.refresh_token(metadata["token_endpoint"], refresh_token=tokens["refresh_token"])
        raise AssertionError("a refresh token is good after it was revoked")
    except OAuthError as error:
        same(error.error, "invalid_grant")
    same(rapport.get(metadata["userinfo_endpoint"], token=tokens).status_code, 401)
    # Its signature is good until its end, but nobody comes in anew with it.
    same(api("POST", "/v1/sign_in", token).status_code, 401)

    print("signed in again:", enter(app.test_client(), GIVEN["email"], GIVEN["chosen"])["refresh_token"])


KEYS = joserfc.jwk.KeySet.import_key_set(rapport.fetch_jwk_set())
main()

"""``POST /hub/api/datalab/signout/<name>``: one person out of every browser, at once.

JupyterHub has no such question in its API: a login cookie holds the user's ``cookie_id``, and a
notebook server holds the token of a sign-in. Both change here. Tokens that people made for their
programs stay.
"""

from __future__ import annotations

from jupyterhub import orm
from jupyterhub.apihandlers.base import APIHandler
from jupyterhub.scopes import needs_scope


class SignoutHandler(APIHandler):  # type: ignore[misc]
    @needs_scope("admin:users")  # type: ignore[untyped-decorator]
    def post(self, user_name: str) -> None:
        user = orm.User.find(self.db, user_name)
        if user is not None:
            user.cookie_id = orm.new_token()
            for token in self.db.query(orm.APIToken).filter_by(user_id=user.id):
                if token.session_id:
                    self.db.delete(token)
            self.db.commit()
        self.set_status(204)

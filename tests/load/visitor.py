"""A visitor without a browser: what a page's script sends over the WebSocket, and what a browser would send back.

The messages are Streamlit's own (``streamlit.proto``): the browser sends a ``BackMsg`` with the values of its widgets, the
server answers with ``ForwardMsg``s, the last of which says that the script has finished. Pictures go up by HTTP, as from a
browser.
"""

import asyncio
import re
import time
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import urljoin, urlsplit

import requests
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileUploaderState, UploadedFileInfo
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

XSRF_COOKIE = "_streamlit_xsrf"
MOST_BYTES = 50 * 2**20  # of a message: server.maxMessageSize
WIDGET = re.compile(r"\$\$ID-[0-9a-f]+-(.+)")  # how the id of a widget with a key ends


class Trouble(RuntimeError):
    """An action that failed, in one sentence."""


@dataclass(frozen=True)
class Seen:
    """What one run of the page's script sent. seconds: from the request to its end. bytes: of all its messages."""

    seconds: float
    bytes: int
    html: str
    widgets: dict[str, str]  # key -> id


@dataclass
class Visitor:
    """One tab of a browser. url: of the app's root. patience: seconds after which an answer counts as none."""

    url: str
    patience: float = 120.0
    pages: dict[str, str] = field(default_factory=dict)  # path in the URL -> hash of the page's script

    async def __aenter__(self) -> "Visitor":
        parts = urlsplit(self.url)
        self._http = requests.Session()
        (await asyncio.to_thread(self._http.get, self._address("_stcore/health"), timeout=self.patience)).raise_for_status()
        token = self._http.cookies.get(XSRF_COOKIE) or ""
        self._headers = {"Cookie": f"{XSRF_COOKIE}={token}", "X-Xsrftoken": token}
        try:
            self._socket: ClientConnection = await connect(
                self._address("_stcore/stream").replace("http", "ws", 1),
                origin=f"{parts.scheme}://{parts.netloc}",  # type: ignore[arg-type]
                subprotocols=["streamlit", token],  # type: ignore[list-item]
                additional_headers={"Cookie": self._headers["Cookie"]},
                max_size=MOST_BYTES,
                open_timeout=self.patience,
            )
        except WebSocketException as error:
            raise Trouble(f"the server takes no WebSocket: {error}") from error
        self._session = self._page = ""
        self._values: dict[str, WidgetState] = {}
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._socket.close()
        self._http.close()

    def _address(self, place: str) -> str:
        return urljoin(self.url.rstrip("/") + "/", place)

    async def go(self, path: str, query: str = "") -> Seen:
        """Open a page: the first one by its name, as a deep link does; later ones as a click in the sidebar does."""
        self._values.clear()
        request = BackMsg()
        request.rerun_script.query_string = query
        if path in self.pages:
            request.rerun_script.page_script_hash = self.pages[path]
        else:
            request.rerun_script.page_name = path
        return await self._run(request)

    async def again(self, start: float | None = None) -> Seen:
        """Run the page once more with the widgets as they stand. start: when what is measured began, if not now."""
        request = BackMsg()
        request.rerun_script.page_script_hash = self._page
        request.rerun_script.widget_states.widgets.extend(self._values.values())
        return await self._run(request, start)

    async def slide(self, seen: Seen, key: str, value: float) -> Seen:
        """Let go of a slider."""
        state = WidgetState(id=_widget(seen, key))
        state.double_array_value.data.append(value)
        self._values[state.id] = state
        return await self.again()

    async def drop(self, seen: Seen, key: str, name: str, picture: bytes) -> Seen:
        """Drop a PNG on an uploader; its upload counts as part of the answer."""
        start = time.perf_counter()
        request = BackMsg()
        request.file_urls_request.request_id = name
        request.file_urls_request.session_id = self._session
        request.file_urls_request.file_names.append(name)
        await self._send(request)
        while True:
            message = await self._next(start)
            if message.WhichOneof("type") == "file_urls_response":
                break
        [place] = message.file_urls_response.file_urls
        upload = self._address(place.upload_url.lstrip("/"))  # beneath the sub-path, if there is one
        files = {"file": (name, picture, "image/png")}
        answer = await asyncio.to_thread(self._http.put, upload, files=files, headers=self._headers, timeout=self.patience)
        if answer.status_code != 204:
            raise Trouble(f"the upload was answered with {answer.status_code}: {answer.text[:200]}")
        info = UploadedFileInfo(name=name, size=len(picture), file_id=place.file_id, file_urls=place)
        state = WidgetState(id=_widget(seen, key))
        state.file_uploader_state_value.CopyFrom(FileUploaderState(uploaded_file_info=[info]))
        self._values[state.id] = state
        return await self.again(start)

    async def _run(self, request: BackMsg, start: float | None = None) -> Seen:
        """Send a request, and collect what comes until the script has finished; ``Trouble`` when it shows an exception."""
        start = time.perf_counter() if start is None else start
        await self._send(request)
        html: list[str] = []
        widgets: dict[str, str] = {}
        size = 0
        while True:
            message = await self._next(start)
            size += message.ByteSize()
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self._session = message.new_session.initialize.session_id or self._session
            elif kind == "navigation":
                self._page = message.navigation.page_script_hash
                self.pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                element = message.delta.new_element
                what = element.WhichOneof("type")
                shown = getattr(element, what)
                if what == "exception":
                    raise Trouble(f"the page shows {shown.type}: {shown.message[:200]}")
                if what == "html":
                    html.append(shown.body)
                if found := WIDGET.fullmatch(getattr(shown, "id", "")):
                    widgets[found[1]] = shown.id
            elif kind == "script_finished":
                if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                    raise Trouble("the page's script does not compile")
                if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                    return Seen(time.perf_counter() - start, size, "\n".join(html), widgets)
                html, widgets = [], {}  # it began anew

    async def _send(self, request: BackMsg) -> None:
        try:
            await self._socket.send(request.SerializeToString())
        except ConnectionClosed as error:
            raise Trouble(f"the server hung up: {error}") from error

    async def _next(self, start: float) -> ForwardMsg:
        left = self.patience - (time.perf_counter() - start)
        try:
            data = await asyncio.wait_for(self._socket.recv(), max(0.01, left))
        except TimeoutError:
            raise Trouble(f"there was no answer in {self.patience:.0f} seconds") from None
        except ConnectionClosed as error:
            raise Trouble(f"the server hung up: {error}") from error
        message = ForwardMsg()
        message.ParseFromString(data if isinstance(data, bytes) else data.encode())
        return message


def _widget(seen: Seen, key: str) -> str:
    if key not in seen.widgets:
        raise Trouble(f"the page has no widget {key!r}; it has {', '.join(sorted(seen.widgets)) or 'none'}")
    return seen.widgets[key]

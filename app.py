"""Browser entry: streamlit run app.py. The server imports it for `app`; it is also the page of each visitor."""

if __name__ == "__main__":
    from anomaly.ui.entry import show

    show()
else:
    from starlette.middleware import Middleware
    from streamlit import App

    from anomaly.ui.serving import end_in_order
    from anomaly.ui.session.upload_gate import UploadGate

    app = App(__file__, middleware=[Middleware(UploadGate)], lifespan=end_in_order)

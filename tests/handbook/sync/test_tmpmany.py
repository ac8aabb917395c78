from tests.handbook.sync.test_service import ACTS, act, PhoneStore, st, given, settings, HealthCheck, delete, Change, database
from hypothesis import Phase
@settings(max_examples=600, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(ACTS, max_size=12))
def test_old(shelf, acts):
    shelf.store = PhoneStore(shelf.phone)
    shelf.objects.clear()
    database.session().execute(delete(Change))
    addressed = {}
    for what, number, where in acts:
        act(shelf, addressed, what, number, where)
    s=shelf.store
    s.pull()
    f=PhoneStore(s.phone); f.pull()
    if s.buckets!=f.buckets:
        with open("/tmp/fail.txt","w") as o: print("ACTS", acts,"OLD", s.buckets,"NEW", f.buckets, sep="\n",file=o)
        raise AssertionError

namespace KvmTop.Vmm;

/// <summary>The commands of a connection that have been sent and not been answered. Used under its lock.</summary>
internal sealed class QmpUnderWay
{
    private readonly List<QmpQuery> _queries = [];
    private long _lastId;

    /// <summary>One that its caller has given up, and the monitor still owes an answer to; null for none.</summary>
    public QmpQuery? Overdue
    {
        get
        {
            foreach (var query in _queries)
            {
                if (query.State == QmpQuery.Phase.Overdue)
                    return query;
            }

            return null;
        }
    }

    /// <summary>The longest message that any of them is reason for; 0 when nothing was asked.</summary>
    public int LongestAnswer
    {
        get
        {
            var longest = 0;
            foreach (var query in _queries)
                longest = Math.Max(longest, query.Size.Most);
            return longest;
        }
    }

    /// <summary>Numbers a command that is to be sent.</summary>
    public void Add(QmpQuery query, TimeSpan now, TimeSpan deadline)
    {
        query.Sent(++_lastId, now, deadline);
        _queries.Add(query);
    }

    /// <summary>Takes out the command that an answer is to; null when nobody asked.</summary>
    public QmpQuery? Remove(long id)
    {
        for (var i = 0; i < _queries.Count; i++)
        {
            if (_queries[i].Id == id)
            {
                var query = _queries[i];
                _queries.RemoveAt(i);
                return query;
            }
        }

        return null;
    }

    /// <summary>The connection has ended: nothing will be answered.</summary>
    public void FailAll(string reason, TimeSpan now)
    {
        foreach (var query in _queries)
            query.Fail(QmpReplyStatus.NotConnected, reason, now);
        _queries.Clear();
    }
}

// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Egress;

/// <summary>
/// Whose turn it is, of many clients that each want some things done: as many at once as there are places, of which one client
/// has at most his share. Those who wait take turns, so that whoever asks for much waits for himself. For one thread.
/// </summary>
/// <param name="places">How many things are done at once.</param>
/// <param name="waiting">How many may wait.</param>
internal sealed class Turns<TClient, TItem>(int places, int waiting)
    where TClient : notnull
{
    // The last quarter of everything is for the others.
    private readonly int _share = ShareOf(places);
    private readonly int _waitingShare = ShareOf(waiting);
    private readonly Dictionary<TClient, Line> _lines = [];
    private readonly LinkedList<Line> _order = new();

    /// <summary>How many things are being done.</summary>
    public int Running { get; private set; }

    /// <summary>How many wait.</summary>
    public int Waiting { get; private set; }

    /// <summary>Puts something behind what the client wants already. False: too much waits, of his or of all.</summary>
    public bool TryAdd(TClient client, TItem item)
    {
        if (!_lines.TryGetValue(client, out Line? line))
        {
            line = new(client);
        }

        if (Waiting >= waiting || line.Items.Count >= _waitingShare)
        {
            return false;
        }

        _lines[client] = line;
        line.Items.Enqueue(item);
        Waiting++;
        if (line.Node.List is null)
        {
            _order.AddLast(line.Node);
        }

        return true;
    }

    /// <summary>Takes what comes next. It has a place until <see cref="Return"/>.</summary>
    public bool TryTake(out TClient client, out TItem item)
    {
        for (LinkedListNode<Line>? node = _order.First; node is not null && Running < places; node = node.Next)
        {
            Line line = node.Value;
            if (line.Running < _share)
            {
                client = line.Client;
                item = Dequeue(line);
                line.Running++;
                Running++;
                return true;
            }
        }

        (client, item) = (default!, default!);
        return false;
    }

    /// <summary>Something of a client is done.</summary>
    public void Return(TClient client)
    {
        Line line = _lines[client];
        line.Running--;
        Running--;
        ForgetIdle(line);
    }

    /// <summary>Takes out all that waits.</summary>
    public IReadOnlyList<TItem> Clear()
    {
        var all = new List<TItem>(Waiting);
        while (_order.First is { } first)
        {
            all.Add(Dequeue(first.Value));
            ForgetIdle(first.Value);
        }

        return all;
    }

    private static int ShareOf(int all) => all - (all / 4);

    private TItem Dequeue(Line line)
    {
        Waiting--;
        _order.Remove(line.Node);
        TItem item = line.Items.Dequeue();
        if (line.Items.Count > 0)
        {
            _order.AddLast(line.Node);
        }

        return item;
    }

    private void ForgetIdle(Line line)
    {
        if (line.Running == 0 && line.Items.Count == 0)
        {
            _lines.Remove(line.Client);
        }
    }

    private sealed class Line
    {
        public Line(TClient client)
        {
            Client = client;
            Node = new(this);
        }

        public TClient Client { get; }

        public Queue<TItem> Items { get; } = new();

        public int Running { get; set; }

        public LinkedListNode<Line> Node { get; }
    }
}

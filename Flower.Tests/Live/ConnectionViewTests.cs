// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions;
using Flower.Switchboard.Sessions.Live;
using Flower.Switchboard.State;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Handle = Flower.Switchboard.Routing.Handle;

namespace Flower.Tests.Live;

/// <summary>Who has the right LIST, and made neither side, is shown no connection of a target that List hides.</summary>
internal sealed class ConnectionViewTests
{
    private static readonly Handle All = Handle.CreateRoot(Rights.All, LabelSet.Empty, LabelSet.Empty);
    private static readonly Credentials Viewer = new() { Pid = 1, Uid = 1000 };

    private EventLoop _loop = null!;
    private Board _board = null!;

    [SetUp]
    public void Start()
    {
        _loop = new EventLoop("view", null);
        _board = new Board(
            NullLogger.Instance, new DeadlineQueue(_loop, TimeSpan.FromHours(1)), new RevocableConnections(_loop))
        {
            QuestionDeadlines = new DeadlineQueue(_loop, TimeSpan.FromHours(1)),
            AttemptDelays = new DeadlineQueue(_loop, TimeSpan.FromHours(1)),
        };
    }

    [TearDown]
    public void Stop() => _loop.Dispose();

    [Test]
    public void Show_ServerForAnotherUnit_IsHidden()
    {
        LabelSet demands = Stating.InLabels(All, LabelSet.Create(("flower.client_unit", "backup.service")));
        LabelSet unit = LabelSet.Create(("flower.client_unit", "backup.service"));

        ConnectionView view = Over([]);

        Assert.That(view.Show(Between(Side([]), Side([]))), Is.Not.Null);
        Assert.That(view.Show(Between(Side([], unit), Side(demands))), Is.Null);
    }

    [Test]
    public void Show_TargetWithoutAKeyThatTheHandleRequires_IsHidden()
    {
        ConnectionView view = Over(["+tenant", "tenant=blue"]);

        Assert.That(view.Show(Between(Side(["tenant=blue"]), Side(["tenant=blue"]))), Is.Not.Null);
        Assert.That(view.Show(Between(Side([]), Side(["tenant=blue"]))), Is.Not.Null, "either side may state it");
        Assert.That(view.Show(Between(Side(["tenant=blue"]), Side(["a=1"]))), Is.Null, "ls would not show the target");
    }

    [Test]
    public void Show_KeyThatIsAskedFor_EitherSideMayStateIt()
    {
        ConnectionView view = Over([], "+tenant");

        Assert.That(view.Show(Between(Side(["tenant=blue"]), Side(["a=1"]))), Is.Not.Null);
        Assert.That(view.Show(Between(Side(["a=1"]), Side(["tenant=blue"]))), Is.Not.Null);
        Assert.That(view.Show(Between(Side(["a=1"]), Side(["a=1"]))), Is.Null);
    }

    private static LiveSide Side(string[] words, LabelSet? attested = null) => Side(LabelSet.ParseWords(words), attested);

    private static LiveSide Side(LabelSet labels, LabelSet? attested = null) =>
        new(All, labels, attested ?? LabelSet.Empty, 2, 2000, 2000);

    private static ConnectionRecord Between(LiveSide client, LiveSide target) =>
        ConnectionRecord.Restore(new LiveConnectionState { Id = 1, Sequence = 1, Kind = ConnectionKind.Pair }, client, target);

    // Over a handle that nothing was made from.
    private ConnectionView Over(string[] outLabels, params string[] asked)
    {
        var narrower = (HandleResult.Narrower)All.Constrain(2, Rights.List, LabelSet.Empty, LabelSet.ParseWords(outLabels));
        var top = new HandleNode(_board.Handles, All, null, Viewer, 0);
        var caller = new Caller(new HandleNode(_board.Handles, narrower.Handle, top, Viewer, 0), Viewer);
        return new(_board, caller, new ConnectionsRequest { Labels = LabelSet.ParseWords(asked).ToMessage() });
    }
}

// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol;
using Flower.Protocol.V1;
using Grpc.Core;

namespace Flower.Switchboard.Sessions.Resolving;

/// <summary>The stream of a resolver, which is asked and never offered a connection.</summary>
internal sealed class ResolverStream(IServerStreamWriter<ResolverStartResponse> writer) : ITargetStream, IResolverStream
{
    public bool CanOffer => false;

    public Task StartedAsync(IReadOnlyList<Label> labels) =>
        writer.WriteAsync(new ResolverStartResponse { Started = new TargetStarted { Labels = { labels } } });

    public Task AskAsync(ulong id, LabelSet question, CancellationToken cancellationToken) => writer.WriteAsync(
        new ResolverStartResponse { Question = new Question { Id = id, Labels = { question.ToMessage().Labels_ } } },
        cancellationToken);

    public Task WithdrawAsync(ulong id) =>
        writer.WriteAsync(new ResolverStartResponse { Withdrawal = new QuestionWithdrawal { QuestionId = id } });

    public Task OfferAsync(
        ulong id, EncodedLabels labels, SafeHandle? socket, string? traceParent, CancellationToken cancellationToken) =>
        throw new NotSupportedException("nothing is connected to a resolver");

    public void Offer(ulong id, EncodedLabels labels, SafeHandle? socket, string? traceParent) =>
        throw new NotSupportedException("nothing is connected to a resolver");

    public Task DeliverAsync(ulong id, SafeHandle socket) =>
        throw new NotSupportedException("nothing is connected to a resolver");
}
